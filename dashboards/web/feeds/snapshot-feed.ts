import { errorCodes, type ErrorCodeName } from '../../../schemas/error-codes.ts';
import type { Logger } from '../../../runtime/observability/log.ts';
import { errorText, findPipelineError, PipelineError } from '../../../runtime/pipeline-error.ts';
import type { BatchWatch, LatestBatch, LoadedBatch } from './batch-watch.ts';
import type { QueryParameters, Warehouse, WarehouseRow } from '../figures/warehouse.ts';

/** Why the figures cannot be brought up to date, in words that may be shown to anybody. */
interface Problem {
  readonly code: ErrorCodeName;
  readonly cause: string;
  readonly remedy: string;
  /** Epoch ms of the first failure in a row. */
  readonly sinceMs: number;
}

/** What every page's document says of itself. */
interface DocumentState {
  /**
   * `loading`: not read yet · `live`: the latest batch · `stale`: the last truth, for the latest
   * batch cannot be read · `unavailable`: nothing could be read so far.
   */
  readonly state: 'loading' | 'live' | 'stale' | 'unavailable';
  readonly problem: Problem | null;
  /** The server's clock, epoch ms: ages are counted against it, not against the viewer's. */
  readonly nowMs: number;
  /** When the warehouse was asked, epoch ms. */
  readonly queriedAtMs: number | null;
  /** The batch after which the warehouse was asked. */
  readonly batch: LoadedBatch | null;
}

/** One page's documents, as the server gives them and the live loop publishes them. */
export interface LiveFeed<Document extends LiveDocument = LiveDocument> {
  /** The document as it stands, without asking anybody. */
  current(): Document;
  /**
   * Looks for a new batch and, if there is one, runs the query set once. Callers at the same time
   * share one look; within `minGapMs` of the last one nothing is asked. Never rejects but on abort:
   * what goes wrong stands in the document.
   */
  refresh(): Promise<void>;
  /** Moves whenever figures, state or problem of the document have changed. */
  readonly version: number;
  /** The part of the document that moves without a batch, as it stands. */
  pulse(): LivePulse;
}

export interface LivePulse {
  /** Epoch ms up to which the figures hold every change of the source; null when unknown. */
  readonly completeUpToMs: number | null;
}

export interface LiveDocument extends DocumentState, LivePulse {}

/** What every feed is made of. */
export interface FeedParts {
  readonly warehouse: Warehouse;
  readonly batches: BatchWatch;
  readonly log: Logger;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
  /** Shortest time between two looks. */
  readonly minGapMs: number;
  readonly now?: () => number;
}

export interface SnapshotFeed<Figures> {
  readonly state: DocumentState;
  /** The newest state of the warehouse that could be read. */
  readonly figures: Figures | undefined;
  refresh(): Promise<void>;
  readonly version: number;
}

interface Snapshot<Figures> {
  readonly figures: Figures;
  /** The batch that was known when the warehouse was asked. */
  readonly latest: LatestBatch;
  readonly queriedAtMs: number;
}

const QUERY_TIMEOUT_MS = 60_000;
const LOOK_TIMEOUT_MS = 10_000;
const BACKOFF_MS = 1_000;
const BACKOFF_CAP_MS = 10_000;

/**
 * Keeps the figures of the latest batch: the warehouse is asked once per batch, with all queries
 * in one transaction, and while it fails the last truth is kept.
 */
export function createSnapshotFeed<Figures>(
  parts: FeedParts & {
    readonly queries: readonly string[];
    readonly parameters?: QueryParameters;
    readonly assemble: (results: readonly (readonly WarehouseRow[])[]) => Figures;
    /** Called with every new state, before it is shown, and the batch after which it was read. */
    readonly onFigures?: (figures: Figures, batch: LoadedBatch | null) => void;
  },
): SnapshotFeed<Figures> {
  const { warehouse, batches, log, minGapMs, now = Date.now } = parts;
  let snapshot: Snapshot<Figures> | undefined;
  let problem: Problem | null = null;
  let version = 0;
  let looking: Promise<void> | undefined;
  let lookedAtMs = -Infinity;
  let failures = 0;
  let triedEtag: string | null | undefined;
  let retryAtMs = -Infinity;

  function report(error: unknown): void {
    const code = findPipelineError(error)?.code ?? 'WH_5001';
    if (problem?.code === code) return;
    // Once per problem, not once per attempt; viewers see the catalogue's words, not the server's.
    log.warn({ code, err: error }, errorText(error));
    problem = { code, ...errorCodes[code], sinceMs: problem?.sinceMs ?? now() };
    version += 1;
  }

  function clear(): void {
    if (problem === null) return;
    log.info({ code: problem.code, sinceMs: problem.sinceMs }, 'the figures are up to date again');
    problem = null;
    version += 1;
  }

  /** @returns the batch that the figures do not show yet, if there is one. */
  async function look(): Promise<LatestBatch | undefined> {
    const latest = await within(LOOK_TIMEOUT_MS, 'LAKE_4004', (signal) =>
      batches.latest({ signal }),
    );
    return snapshot?.latest.etag === latest.etag ? undefined : latest;
  }

  async function readWarehouse(latest: LatestBatch): Promise<void> {
    const queriedAtMs = now();
    const rows = await within(QUERY_TIMEOUT_MS, 'WH_5003', (signal) =>
      warehouse.readTogether(parts.queries, { signal, parameters: parts.parameters }),
    );
    const figures = parts.assemble(rows);
    parts.onFigures?.(figures, latest.batch);
    // The ETag is older than the rows: a batch between the two costs one more look, no figure.
    snapshot = { figures, latest, queriedAtMs };
    version += 1;
  }

  async function within<T>(
    ms: number,
    code: ErrorCodeName,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const limit = AbortSignal.timeout(ms);
    try {
      return await work(AbortSignal.any([parts.signal, limit]));
    } catch (cause) {
      parts.signal.throwIfAborted();
      if (!limit.aborted) throw cause;
      throw new PipelineError(code, `no answer within ${ms} ms`, { cause });
    }
  }

  /** The same batch is tried again later and later; a new one at once. */
  async function readUnlessTooSoon(news: LatestBatch): Promise<boolean> {
    if (news.etag === triedEtag && now() < retryAtMs) return false;
    triedEtag = news.etag;
    try {
      await readWarehouse(news);
      failures = 0;
      return true;
    } catch (error) {
      retryAtMs = now() + Math.min(BACKOFF_CAP_MS, BACKOFF_MS * 2 ** Math.min(failures, 10));
      failures += 1;
      throw error;
    }
  }

  async function attempt(): Promise<void> {
    try {
      const news = await look();
      if (news === undefined || (await readUnlessTooSoon(news))) clear();
    } catch (error) {
      parts.signal.throwIfAborted();
      report(error);
    }
  }

  return {
    get version() {
      return version;
    },
    refresh() {
      if (looking) return looking;
      if (now() - lookedAtMs < minGapMs) return Promise.resolve();
      looking = attempt().finally(() => {
        looking = undefined;
        lookedAtMs = now();
      });
      return looking;
    },
    get figures() {
      return snapshot?.figures;
    },
    get state() {
      return {
        state: stateOf(snapshot !== undefined, problem),
        problem,
        nowMs: now(),
        queriedAtMs: snapshot?.queriedAtMs ?? null,
        batch: snapshot?.latest.batch ?? null,
      };
    },
  };
}

function stateOf(hasSnapshot: boolean, problem: Problem | null): DocumentState['state'] {
  if (hasSnapshot) return problem ? 'stale' : 'live';
  return problem ? 'unavailable' : 'loading';
}
