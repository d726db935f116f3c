import type { Logger } from '../../runtime/observability/log.ts';
import type { NumberRange } from '../../schemas/holes.ts';
import { createMissingNumbers } from './missing-numbers.ts';
import { sendAgain, type SendAgainOptions } from './send-again.ts';

/** Sends numbers again that the warehouse waits for. */
export interface HoleFiller {
  /**
   * Fills the holes that are told, each once in a while: what was sent may be on its way.
   *
   * @returns the parts of them that neither the topic nor the archive holds.
   */
  fill(holes: readonly NumberRange[], signal: AbortSignal): Promise<readonly Unfillable[]>;
}

/** A hole of which so many numbers are nowhere. */
export interface Unfillable extends NumberRange {
  readonly unfillable: number;
}

export interface HoleFillerOptions extends Omit<SendAgainOptions, 'recordsPerSecond'> {
  /** Whether numbers that are not found may still come by themselves. */
  readonly mayCome: (signal: AbortSignal) => Promise<boolean>;
  /** How long what was sent may take to the warehouse before it is sent again. */
  readonly retryMs: number;
  readonly log: Logger;
  readonly now?: () => number;
}

/** What is sent again and again, or nowhere, is looked for ever more seldom, down to this. */
const MAX_PATIENCE = 30;

interface Attempts {
  readonly count: number;
  readonly againAt: number;
  readonly unfillable: number;
}

export function createHoleFiller(options: HoleFillerOptions): HoleFiller {
  const { mayCome, retryMs, log, now = () => performance.now() } = options;
  let known = new Map<string, Attempts>();

  function note(hole: NumberRange, unfillable: number): void {
    const count = (known.get(idOf(hole))?.count ?? 0) + 1;
    const patience = unfillable > 0 ? MAX_PATIENCE : Math.min(MAX_PATIENCE, 2 ** (count - 1));
    known.set(idOf(hole), { count, againAt: now() + retryMs * patience, unfillable });
    if (unfillable === 0) return;
    log.error(
      { code: 'WH_5005', ...hole, unfillable },
      'unfillable: neither the topic nor the raw archive holds them',
    );
  }

  return {
    async fill(holes, signal) {
      const ids = new Set(holes.map(idOf));
      known = new Map([...known].filter(([id]) => ids.has(id)));
      const due = holes.filter((hole) => (known.get(idOf(hole))?.againAt ?? 0) <= now());
      if (due.length > 0) {
        const missing = createMissingNumbers(due);
        const wanted = missing.size;
        await sendAgain(missing, options, signal);
        log.info({ wanted, sent: wanted - missing.size }, 'missing numbers sent again');
        const waits = missing.size > 0 && (await mayCome(signal));
        for (const hole of due) note(hole, waits ? 0 : missing.within(hole));
      }
      return holes.flatMap((hole) => {
        const { unfillable = 0 } = known.get(idOf(hole)) ?? {};
        return unfillable > 0 ? [{ ...hole, unfillable }] : [];
      });
    },
  };
}

function idOf({ line, from, to }: NumberRange): string {
  return `${line}/${from}-${to}`;
}
