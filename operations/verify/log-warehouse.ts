import { randomUUID } from 'node:crypto';
import type { DataApi, WarehouseRow } from '../../runtime/redshift/data-api.ts';
import type { WarehousePart } from './comparison.ts';
import type { QuarantineRow, ShownRow } from './image-checks.ts';
import { piecesOfRow } from './judged-columns.ts';
import { judgedEntry } from './judged-row.ts';
import type { DifferenceList } from './differences.ts';
import { logEvidence } from './log-evidence.ts';
import type { Arrival } from './log-reading.ts';
import type { LogScope } from './log-coverage.ts';
import {
  arrivalsSql,
  entryDetailsSql,
  entryStateSql,
  logFrontierSql,
  otherArrivalsSql,
  quarantinedEntriesSql,
  shownEntriesSql,
} from './log-statements.ts';
import { cellOf, numberOf, quarantineRow, sliceCount, textOf } from './warehouse-reading.ts';
import { imageSlices } from './warehouse-statements.ts';

/** One entry as the warehouse holds it. */
export interface EntryState {
  readonly entryId: string;
  readonly copies: number;
  readonly rulesVersion: number;
  readonly accepted: boolean;
  readonly day: string;
  readonly reasons: string;
  /** Over the columns of `judgedEntry`. */
  readonly checksum: string;
  /** Where it says that it was read. */
  readonly event: string;
}

/** Entries of a file that was not listed. */
export interface OtherArrivals {
  readonly generation: string;
  readonly kind: string;
  readonly entryId: string;
  readonly copies: number;
}

/** All that the warehouse says of one host's logs, as of one moment. */
export interface LogWarehouse {
  /** By generation. */
  readonly frontiers: ReadonlyMap<string, { readonly start: number; readonly upto: number }>;
  /** By generation, of the files that were listed. */
  readonly arrivals: ReadonlyMap<string, readonly Arrival[]>;
  readonly others: readonly OtherArrivals[];
  readonly states: readonly EntryState[];
  /** Compares the tables with each other. @returns how many rows are wrong. */
  checkEvidence(differences: DifferenceList): Promise<number>;
  /** What is shown, in slices that bound the memory; fetched as they are asked for. */
  parts(): AsyncIterable<{
    /** Whether an entry belongs to this part. */
    readonly holds: (entryId: string) => boolean;
    readonly shown: readonly Omit<ShownRow, 'copies'>[];
    readonly quarantine: readonly QuarantineRow[];
    readonly details: WarehousePart['details'];
  }>;
}

/** Statements before those of the slices. */
const GENERAL = 3;
const OF_A_SLICE = 3;

/** Reads one host's part of the warehouse in one transaction. */
export async function readLogWarehouse(
  api: DataApi,
  scope: LogScope,
  options: {
    /** Generations of the listed files. */
    readonly generations: readonly string[];
    readonly expectedEntries: number;
    readonly signal: AbortSignal;
  },
): Promise<LogWarehouse> {
  const { generations, signal } = options;
  const { dataset } = scope;
  const { columns } = judgedEntry(dataset);
  const evidence = logEvidence(dataset);
  const slices = imageSlices(sliceCount(options.expectedEntries));
  const { id } = await api.runBatch(
    {
      name: 'careplus-verify',
      token: randomUUID(),
      statements: [
        logFrontierSql(scope),
        arrivalsSql(scope, generations),
        otherArrivalsSql(scope, generations),
        ...slices.flatMap((slice) => [
          entryStateSql(scope, slice),
          shownEntriesSql(scope, slice),
          quarantinedEntriesSql(scope, slice),
        ]),
        ...evidence.statements,
      ],
    },
    { signal },
  );
  const rowsOf = async (statement: number) =>
    (await api.result(`${id}:${statement}`, { signal })).rows;
  const frontiers = (await rowsOf(1)).map((row) => {
    const place = { start: numberOf(row['generation_start']), upto: numberOf(row['upto']) };
    return [textOf(row['generation']), place] as const;
  });
  const arrivals = Map.groupBy(await rowsOf(2), (row) => textOf(row['generation']));
  const others = await rowsOf(3);
  const states: EntryState[] = [];
  for (const index of slices.keys()) {
    const rows = await rowsOf(GENERAL + 1 + index * OF_A_SLICE);
    for (const row of rows) states.push(entryState(row, scope.host));
  }
  return {
    frontiers: new Map(frontiers),
    arrivals: new Map([...arrivals].map(([generation, rows]) => [generation, rows.map(arrivalOf)])),
    others: others.map((row) => ({
      generation: textOf(row['generation']),
      kind: textOf(row['kind']),
      entryId: textOf(row['entry_id']),
      copies: numberOf(row['copies']),
    })),
    states,
    checkEvidence: (differences) => {
      const first = GENERAL + 1 + slices.length * OF_A_SLICE;
      return evidence.check((statement) => rowsOf(first + statement), differences);
    },
    async *parts() {
      for (const [index, { from, to }] of slices.entries()) {
        const first = GENERAL + 1 + index * OF_A_SLICE;
        yield {
          holds: (entryId) => (from === null || entryId >= from) && (to === null || entryId < to),
          shown: (await rowsOf(first + 1)).map((row) => ({
            imageId: textOf(row['entry_id']),
            cells: dataset.cleanColumns.map((column) => cellOf(column, row[column.name] ?? null)),
          })),
          quarantine: (await rowsOf(first + 2)).map(quarantineRow),
          details: async (ids) => {
            const { rows } = await api.query(entryDetailsSql(scope, ids), { signal });
            return new Map(rows.map((row) => [textOf(row['entry_id']), piecesOfRow(columns, row)]));
          },
        };
      }
    },
  };
}

function arrivalOf(row: WarehouseRow): Arrival {
  return {
    pos: numberOf(row['pos']),
    len: numberOf(row['len']),
    kind: textOf(row['kind']),
    entryId: textOf(row['entry_id']),
  };
}

function entryState(row: WarehouseRow, host: string): EntryState {
  return {
    entryId: textOf(row['entry_id']),
    copies: numberOf(row['copies']),
    rulesVersion: numberOf(row['rules_version']),
    accepted: numberOf(row['accepted']) === 1,
    day: textOf(row['book_day']),
    reasons: textOf(row['reasons']),
    checksum: textOf(row['checksum']),
    event: `${host}:${textOf(row['generation'])}:${textOf(row['pos'])}`,
  };
}
