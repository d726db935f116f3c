import type { Logger } from '../runtime/observability/log.ts';
import type { DataApi } from '../runtime/redshift/data-api.ts';
import type { TableDataset } from '../schemas/datasets/dataset.ts';
import { holesQuery } from './load-statements.ts';
import type { EpochProgress } from './progress-report.ts';

/** Numbers that are missing in one epoch, both ends included. */
interface Hole {
  readonly source: string;
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Watches frontiers that do not move although images wait above them. Objects may be late by a
 * few Firehose intervals; after that a number is missing and has to be told.
 */
export interface HoleWatch {
  /** What a batch left behind. */
  note(epochs: readonly EpochProgress[]): void;
  /**
   * Asks the warehouse for the missing numbers when a frontier has stood for too long, once for
   * each thing that was noted: an idle warehouse is not woken again and again.
   */
  check(signal: AbortSignal): Promise<readonly Hole[]>;
}

interface Stuck {
  readonly seq: number;
  readonly since: number;
  readonly asked: boolean;
}

export function createHoleWatch(options: {
  readonly api: DataApi;
  readonly dataset: TableDataset;
  /** How long a frontier may stand while images wait. */
  readonly afterMs: number;
  readonly log: Logger;
  readonly now?: () => number;
}): HoleWatch {
  const { api, dataset, afterMs, log, now = Date.now } = options;
  let stuck = new Map<string, Stuck>();

  return {
    note(epochs) {
      const next = new Map<string, Stuck>();
      for (const { source, epoch, seq, waiting } of epochs) {
        if (waiting === 0) continue;
        const id = `${source}/${epoch}`;
        const before = stuck.get(id);
        const since = before?.seq === seq ? before.since : now();
        next.set(id, { seq, since, asked: false });
      }
      stuck = next;
    },
    async check(signal) {
      const isDue = ({ since, asked }: Stuck) => !asked && now() - since >= afterMs;
      if (![...stuck.values()].some(isDue)) return [];
      const { rows } = await api.query(holesQuery(dataset), { signal });
      stuck = new Map([...stuck].map(([id, each]) => [id, { ...each, asked: true }]));
      const holes = rows.map((row) => ({
        source: String(row['source']),
        epoch: Number(row['epoch']),
        from: Number(row['missing_from']),
        to: Number(row['missing_to']),
      }));
      for (const hole of holes) {
        log.warn({ dataset: dataset.name, ...hole }, 'numbers are missing: the frontier waits');
      }
      return holes;
    },
  };
}
