import type { Logger } from '../runtime/observability/log.ts';
import type { DataApi } from '../runtime/redshift/data-api.ts';
import type { LoadPlan } from './load-plan.ts';
import type { Position } from './load-report.ts';

/** Numbers of an epoch, or bytes of a file, that are missing, both ends included. */
interface Hole {
  readonly [place: string]: string | number;
  readonly from: number;
  readonly to: number;
}

/**
 * Watches frontiers that do not move although rows wait above them. Objects may be late by a
 * few Firehose intervals; after that a number is missing and has to be told.
 */
export interface HoleWatch {
  /** What a batch left behind. */
  note(positions: readonly Position[]): void;
  /**
   * Asks the warehouse for the missing numbers when a frontier has stood for too long, once for
   * each thing that was noted: an idle warehouse is not woken again and again.
   *
   * @returns what is missing, as far as that is known now: nothing when no row waits; undefined
   *   when nothing new can be said.
   */
  check(signal: AbortSignal): Promise<readonly Hole[] | undefined>;
}

interface Stuck {
  readonly at: number;
  readonly since: number;
  readonly asked: boolean;
}

export function createHoleWatch(options: {
  readonly api: DataApi;
  readonly plan: Pick<LoadPlan, 'holesQuery' | 'holePlace'>;
  /** How long a frontier may stand while rows wait. */
  readonly afterMs: number;
  readonly log: Logger;
  /** Milliseconds that only go forward. */
  readonly elapsed?: () => number;
}): HoleWatch {
  const { api, plan, afterMs, log, elapsed = () => performance.now() } = options;
  let stuck = new Map<string, Stuck>();

  return {
    note(positions) {
      const next = new Map<string, Stuck>();
      for (const { id, at, waiting } of positions) {
        if (waiting === 0) continue;
        const before = stuck.get(id);
        const since = before?.at === at ? before.since : elapsed();
        next.set(id, { at, since, asked: false });
      }
      stuck = next;
    },
    async check(signal) {
      const isDue = ({ since, asked }: Stuck) => !asked && elapsed() - since >= afterMs;
      if (stuck.size === 0) return [];
      if (![...stuck.values()].some(isDue)) return undefined;
      const { rows } = await api.query(plan.holesQuery, { signal });
      stuck = new Map([...stuck].map(([id, each]) => [id, { ...each, asked: true }]));
      const holes = rows.map((row) => ({
        ...plan.holePlace(row),
        from: Number(row['missing_from']),
        to: Number(row['missing_to']),
      }));
      for (const hole of holes) {
        log.warn(hole, 'numbers are missing: the frontier waits');
      }
      return holes;
    },
  };
}
