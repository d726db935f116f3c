import type { QueryResult, WarehouseRow } from '../runtime/redshift/data-api.ts';
import type { TableDataset } from '../schemas/datasets/dataset.ts';
import { isTableDataset, type AnyDataset } from '../schemas/datasets/any-dataset.ts';
import type { LogDataset } from '../schemas/datasets/log-dataset.ts';
import type { NumberedPlace } from '../schemas/holes.ts';
import { holesQuery, imageStatements, imageTables, progressQuery } from './image-statements.ts';
import type { LoadStatement } from './load-statement.ts';
import { logHolesQuery, logProgressQuery, logStatements, logTables } from './log-statements.ts';
import { recomputeLogSums, staleSumsQuery } from './log-sum-statements.ts';
import { recomputePeriods, stalePeriodsQuery } from './period-statements.ts';
import { imageReport, logReport, type LoadReport } from './load-report.ts';

/** All that the loader must know of a kind of dataset: its statements, and how to read their answers. */
export interface LoadPlan {
  readonly tables: { readonly stage: string; readonly ledger: string; readonly batches: string };
  /** From the copied rows to the end of the transaction. */
  readonly statements: (batchId: string) => LoadStatement[];
  readonly progressQuery: string;
  readonly readReport: (result: QueryResult) => LoadReport;
  /** Rows with `missing_from` and `missing_to`, both ends included. */
  readonly holesQuery: string;
  /** What the missing numbers of a row belong to. */
  readonly holePlace: (row: WarehouseRow) => NumberedPlace;
  /** What batches keep beside history and state, and how it is made anew from these. */
  readonly derived: DerivedTables | null;
}

interface DerivedTables {
  /** One row; its `stale` is not 0 when a loader that knows nothing of these tables was at work. */
  readonly staleQuery: string;
  readonly recompute: readonly string[];
}

export function planOf(dataset: AnyDataset): LoadPlan {
  return isTableDataset(dataset) ? tablePlan(dataset) : logPlan(dataset);
}

function tablePlan(dataset: TableDataset): LoadPlan {
  const { lifecycle } = dataset;
  const tables = imageTables(dataset);
  return {
    derived: lifecycle && {
      staleQuery: stalePeriodsQuery(dataset, lifecycle, tables),
      recompute: recomputePeriods(dataset, lifecycle, tables),
    },
    tables: imageTables(dataset),
    statements: (batchId) => imageStatements(dataset, batchId),
    progressQuery: progressQuery(dataset),
    readReport: imageReport,
    holesQuery: holesQuery(dataset),
    holePlace: (row) => ({ source: String(row['source']), epoch: Number(row['epoch']) }),
  };
}

function logPlan(dataset: LogDataset): LoadPlan {
  const { summary } = dataset;
  const { entry } = logTables(dataset);
  return {
    derived: summary && {
      staleQuery: staleSumsQuery(dataset, entry),
      recompute: recomputeLogSums(dataset, summary, entry),
    },
    tables: logTables(dataset),
    statements: (batchId) => logStatements(dataset, batchId),
    progressQuery: logProgressQuery(dataset),
    readReport: logReport,
    holesQuery: logHolesQuery(dataset),
    holePlace: (row) => ({ host: String(row['host']), generation: String(row['generation']) }),
  };
}
