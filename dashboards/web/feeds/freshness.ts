import { readerCheckpointSchema, type ReaderCheckpoint } from '../../../schemas/checkpoint.ts';

/** What the warehouse shows of one source: everything up to this number. */
export interface Frontier {
  readonly source: string;
  readonly epoch: number;
  readonly seq: number;
  /** Commit time at the source, epoch ms; 0 when unknown. */
  readonly committedMs: number;
}

type Place = Pick<ReaderCheckpoint, 'epoch' | 'nextSeq' | 'writtenAtMs'>;

/**
 * Up to which time a warehouse state is complete: the source's commit time at the frontier; or,
 * when nothing that the reader has numbered lies beyond the frontier, the reader's heartbeat, for
 * an idle source commits nothing and is fresh nevertheless.
 *
 * @returns epoch ms, or null when unknown.
 */
export function completeUpTo(frontier: Frontier, checkpoint: Place | undefined): number | null {
  const caughtUp =
    checkpoint !== undefined &&
    checkpoint.epoch === frontier.epoch &&
    checkpoint.nextSeq - 1 === frontier.seq;
  if (caughtUp) return checkpoint.writtenAtMs;
  return frontier.committedMs > 0 ? frontier.committedMs : null;
}

/**
 * Brings the two halves together: frontiers come with a snapshot of the warehouse, checkpoints
 * from their topic at any time.
 */
export interface Freshness {
  onCheckpoint(checkpoint: ReaderCheckpoint): void;
  /** The frontiers of all sources, as one snapshot gave them. */
  onFrontiers(frontiers: readonly Frontier[]): void;
  /** Epoch ms up to which every source is complete; null when one is unknown or there is none. */
  readonly completeUpToMs: number | null;
  /** The newest checkpoint of each source that was heard of. */
  readonly checkpoints: readonly ReaderCheckpoint[];
}

interface SourceState {
  readonly frontier: Frontier;
  readonly completeMs: number | null;
}

export function createFreshness(): Freshness {
  const checkpoints = new Map<string, ReaderCheckpoint>();
  let sources: ReadonlyMap<string, SourceState> = new Map();

  /** What was once known to be complete stays so while the frontier does not go back. */
  const advance = (frontier: Frontier): SourceState => {
    const before = sources.get(frontier.source);
    const now = completeUpTo(frontier, checkpoints.get(frontier.source));
    const kept =
      before && before.frontier.epoch <= frontier.epoch && !wentBack(before.frontier, frontier)
        ? before.completeMs
        : null;
    return { frontier, completeMs: latest(kept, now) };
  };

  return {
    onCheckpoint(checkpoint) {
      checkpoints.set(checkpoint.source, checkpoint);
      const known = sources.get(checkpoint.source);
      if (known) sources = new Map(sources).set(checkpoint.source, advance(known.frontier));
    },
    onFrontiers(frontiers) {
      sources = new Map(frontiers.map((frontier) => [frontier.source, advance(frontier)]));
    },
    get checkpoints() {
      return [...checkpoints.values()];
    },
    get completeUpToMs() {
      const times = [...sources.values()].map(({ completeMs }) => completeMs);
      return times.length === 0 || times.includes(null)
        ? null
        : Math.min(...times.filter((time) => time !== null));
    },
  };
}

function wentBack(before: Frontier, after: Frontier): boolean {
  return before.epoch === after.epoch && after.seq < before.seq;
}

function latest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}

/** Reads a record of the checkpoint topic; undefined for start markers and whatever else is none. */
export function parseCheckpoint(value: string): ReaderCheckpoint | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    return undefined;
  }
  const checkpoint = readerCheckpointSchema.safeParse(parsed);
  return checkpoint.success ? checkpoint.data : undefined;
}
