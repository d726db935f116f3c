import type { DataApi } from '../runtime/redshift/data-api.ts';
import type { AnyDataset } from '../schemas/datasets/any-dataset.ts';
import type { LakeDataset } from '../schemas/datasets/lake-dataset.ts';
import { processedPrefix } from '../schemas/lake-layout.ts';
import { planOf } from './load-plan.ts';
import type { LakeObject } from './load-statements.ts';
import { quoteText, sqlInteger } from '../runtime/sql/quoting.ts';

/**
 * What the warehouse knows of the lake's objects. Asked at the start only: from then on the loader
 * knows by itself what it has loaded, and an idle lake asks nothing of the warehouse.
 */
export interface Ledger {
  /** Objects by day: the key as far as the day goes (`…/dt=2025-07-01`), and how many. */
  days(signal: AbortSignal): Promise<ReadonlyMap<string, number>>;
  /** ETag by key of one day's objects. */
  day(day: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>>;
  /** An object that was loaded, of the newest ones by name; undefined while there is none. */
  newestLoaded(signal: AbortSignal): Promise<LakeObject | undefined>;
}

/** Length of `dt=YYYY-MM-DD`. */
const DAY_LENGTH = 13;

/** The day of a key: all that lies under one `dt=` folder. */
export function dayOf(dataset: LakeDataset, key: string): string {
  return key.slice(0, processedPrefix(dataset).length + DAY_LENGTH);
}

export function createLedger(api: DataApi, dataset: AnyDataset): Ledger {
  const { ledger } = planOf(dataset).tables;
  // Characters, as in dayOf; what is longer in bytes there is no key of Firehose's.
  const day = `LEFT(object_key, ${sqlInteger(processedPrefix(dataset).length + DAY_LENGTH)})`;
  return {
    async days(signal) {
      const sql = `SELECT ${day} AS day_prefix, count(*) AS objects FROM ${ledger} GROUP BY ${day}`;
      const { rows } = await api.query(sql, { signal });
      return new Map(rows.map((row) => [String(row['day_prefix']), Number(row['objects'])]));
    },
    async day(prefix, signal) {
      const sql = `SELECT object_key, etag FROM ${ledger} WHERE ${day} = ${quoteText(prefix)}`;
      const { rows } = await api.query(sql, { signal });
      return new Map(rows.map((row) => [String(row['object_key']), String(row['etag'])]));
    },
    async newestLoaded(signal) {
      const sql = `SELECT object_key, etag, bytes FROM ${ledger} WHERE outcome = 'loaded' ORDER BY object_key DESC LIMIT 1`;
      const [row] = (await api.query(sql, { signal })).rows;
      return (
        row && {
          key: String(row['object_key']),
          etag: String(row['etag']),
          ...{ bytes: Number(row['bytes']), modifiedMs: 0 },
        }
      );
    },
  };
}
