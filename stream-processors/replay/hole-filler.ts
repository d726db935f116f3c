import type { Logger } from '../../runtime/observability/log.ts';
import type { NumberHole } from '../../schemas/holes.ts';
import type { BatchProcessor, LakeRow } from '../batch-processor.ts';
import { runReplay, type ImageNumber } from './replay-job.ts';
import type { ReplaySource } from './replay-source.ts';

/** Sends numbers again that the warehouse waits for. */
export interface HoleFiller {
  /**
   * Fills the holes that are told, each once in a while: what was sent may be on its way.
   *
   * @returns numbers that neither the topic nor the archive holds.
   */
  fill(holes: readonly NumberHole[], signal: AbortSignal): Promise<number>;
}

export interface HoleFillerOptions {
  readonly processor: Pick<BatchProcessor, 'process'>;
  /** Takes rows and resolves when they are durable. */
  readonly sink: (rows: readonly LakeRow[], signal: AbortSignal) => Promise<void>;
  /** Where to look, in this order; each from the newest records backwards. */
  readonly sources: readonly ((signal: AbortSignal) => AsyncIterable<ReplaySource>)[];
  /** Whether numbers that are not found may still come by themselves. */
  readonly mayCome: (signal: AbortSignal) => Promise<boolean>;
  /** How long what was sent may take to the warehouse before it is sent again. */
  readonly retryMs: number;
  readonly log: Logger;
  readonly now?: () => number;
}

/** Numbers that are looked for at a time: the frontier moves on and tells the next ones. */
const MAX_NUMBERS = 100_000;
/** An unfillable hole is looked for so many times less often. */
const PATIENCE = 30;

export function createHoleFiller(options: HoleFillerOptions): HoleFiller {
  const { processor, sink, sources, mayCome, retryMs, log, now = Date.now } = options;
  /** By hole: when it may be looked for again, and how many of its numbers were nowhere. */
  let known = new Map<string, { readonly againAt: number; readonly unfillable: number }>();

  /** Sends what can be found. @returns the numbers that could not. */
  async function send(missing: Missing, signal: AbortSignal): Promise<void> {
    for (const open of sources) {
      if (missing.size === 0) return;
      for await (const source of open(signal)) {
        await runReplay({
          ...{ source, processor, signal },
          selects: (image) => missing.has(image),
          sink: async (rows, during) => {
            await sink(rows, during);
            for (const row of rows) missing.found(row);
          },
        });
        if (missing.size === 0) return;
      }
    }
  }

  return {
    async fill(holes, signal) {
      const ids = new Set(holes.map(idOf));
      known = new Map([...known].filter(([id]) => ids.has(id)));
      const due = holes.filter((hole) => (known.get(idOf(hole))?.againAt ?? 0) <= now());
      if (due.length > 0) {
        const missing = createMissing(due);
        const wanted = missing.size;
        await send(missing, signal);
        log.info({ wanted, sent: wanted - missing.size }, 'missing numbers sent again');
        const waits = missing.size > 0 && (await mayCome(signal));
        for (const hole of due) {
          const unfillable = waits ? 0 : missing.of(hole);
          const againAt = now() + (unfillable > 0 ? retryMs * PATIENCE : retryMs);
          if (unfillable > 0) {
            const { from, to, ...place } = hole;
            const context = { code: 'WH_5005', ...place, from, to, unfillable };
            log.error(context, 'unfillable: neither the topic nor the raw archive holds them');
          }
          known.set(idOf(hole), { againAt, unfillable });
        }
      }
      return [...known.values()].reduce((sum, { unfillable }) => sum + unfillable, 0);
    },
  };
}

type Missing = ReturnType<typeof createMissing>;

/** The numbers of some holes, at most {@link MAX_NUMBERS} of them. */
function createMissing(holes: readonly NumberHole[]) {
  const numbers = new Map<string, Set<number>>();
  let size = 0;
  for (const { source, epoch, from, to } of holes) {
    const set = numbers.get(`${source}/${epoch}`) ?? new Set();
    numbers.set(`${source}/${epoch}`, set);
    for (let seq = from; seq <= to && size < MAX_NUMBERS; seq += 1) {
      set.add(seq);
      size += 1;
    }
  }
  const setOf = ({ source, epoch }: Pick<ImageNumber, 'source' | 'epoch'>) =>
    numbers.get(`${source}/${epoch}`);
  return {
    get size() {
      return size;
    },
    has: (image: ImageNumber) => setOf(image)?.has(image.seq) ?? false,
    found(row: LakeRow) {
      const place = { source: String(row['source']), epoch: Number(row['epoch']) };
      if (setOf(place)?.delete(Number(row['seq'])) === true) size -= 1;
    },
    /** How many numbers of a hole are still missing. */
    of: (hole: NumberHole) =>
      [...(setOf(hole) ?? [])].filter((seq) => seq >= hole.from && seq <= hole.to).length,
  };
}

function idOf({ source, epoch, from, to }: NumberHole): string {
  return `${source}/${epoch}/${from}-${to}`;
}
