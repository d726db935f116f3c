import { randomUUID } from 'node:crypto';
import type { CleanColumn, CleanValue } from '../../schemas/datasets/dataset.ts';
import type { LogColumn } from '../../schemas/datasets/log-dataset.ts';
import { parseUtcDateTime } from '../../schemas/datasets/strict-values.ts';
import type { DataApi, WarehouseRow, WarehouseValue } from '../../runtime/redshift/data-api.ts';
import type { LaterChanges, UnreadableImages, WarehousePart } from './comparison.ts';
import type { QuarantineRow, ShownRow, StateRow } from './image-checks.ts';
import { piecesOfRow } from './judged-columns.ts';
import { judgedImage } from './judged-row.ts';
import type { Evidence } from './evidence.ts';
import {
  brokenTransactionsSql,
  imageRowsSql,
  oddRowsSql,
  otherSourcesSql,
  unlikeEventsSql,
  unlikeImagesSql,
} from './evidence-statements.ts';
import type { DifferenceList } from './differences.ts';
import type { HistoryFacts } from './history.ts';
import { readLives } from './life-reading.ts';
import { covers, parseGtidSet } from './gtid.ts';
import {
  doubledNumbersSql,
  driftSql,
  frontierSql,
  gapsSql,
  imageSlices,
  laterChangesSql,
  numbersSql,
  quarantineSql,
  shownSql,
  stateDetailsSql,
  stateSql,
  transactionsSql,
  unreadableSql,
  type WarehouseScope,
} from './warehouse-statements.ts';

export interface Frontier {
  readonly epoch: number;
  readonly seq: number;
}

/** All that the warehouse says of one source, as of one moment. */
export interface WarehouseReading {
  readonly frontier: Frontier;
  readonly later: LaterChanges;
  readonly unreadable: UnreadableImages;
  readonly history: HistoryFacts;
  readonly evidence: Evidence;
  /** Compares what is told of statuses over time with the history. @returns how much is wrong. */
  checkLives(differences: DifferenceList): Promise<number>;
  /** What is shown beside this source. */
  readonly otherSources: readonly string[];
  /** The rows, in slices that bound the memory; fetched as they are asked for. */
  parts(): AsyncIterable<WarehousePart>;
}

/** Statements before those of the slices. */
const GENERAL = 10;
const OF_A_SLICE = 3;

const IMAGES_A_SLICE = 50_000;
const MAX_SLICES = 8;
/** Numbers that are looked at first for the newest transaction inside a GTID; doubled each time. */
const LOOK_BACK = 4_096;

/** @returns the shown frontier with the highest epoch, undefined before the first is shown. */
export async function readFrontier(
  api: DataApi,
  scope: WarehouseScope,
  signal: AbortSignal,
): Promise<Frontier | undefined> {
  const { rows } = await api.query(frontierSql(scope), { signal });
  const row = rows.at(-1);
  return row && { epoch: numberOf(row['epoch']), seq: numberOf(row['seq']) };
}

/**
 * Finds the last number whose source transaction is inside a GTID set: in an epoch, numbers follow
 * the order of commits, so the transactions inside are the first ones. Markers that name no
 * transaction count with what is before them.
 *
 * @returns 0 when none is inside.
 */
export async function findLastInside(
  api: DataApi,
  scope: WarehouseScope,
  frontier: Frontier,
  gtid: string,
  signal: AbortSignal,
): Promise<number> {
  const inside = parseGtidSet(gtid);
  let last = frontier.seq;
  for (let to = frontier.seq, size = LOOK_BACK; to > 0; size *= 2) {
    const from = Math.max(0, to - size);
    const sql = transactionsSql(scope, frontier.epoch, from, to);
    const { rows } = await api.query(sql, { signal });
    for (const row of rows) {
      const transaction = row['gtid'];
      // The rows of a snapshot were read at its beginning: inside whatever streams after it.
      if (typeof transaction !== 'string' || covers(inside, parseGtidSet(transaction))) return last;
      last = numberOf(row['first_seq']) - 1;
    }
    to = from;
  }
  return last;
}

/**
 * Reads one source's part of the warehouse in one transaction, so that frontier, history, state and
 * views belong together.
 *
 * @param above number at which the source was read; what lies above is told as later changes.
 * @param expectedImages how many rows to expect, which decides in how many slices they are read.
 * @param expectedEvents how many images to expect in the history.
 * @returns undefined when another epoch is shown by now.
 */
export async function readWarehouse(
  api: DataApi,
  scope: WarehouseScope,
  options: {
    readonly epoch: number;
    readonly above: number;
    readonly expectedImages: number;
    readonly expectedEvents: number;
    readonly signal: AbortSignal;
  },
): Promise<WarehouseReading | undefined> {
  const { epoch, above, signal } = options;
  const slices = imageSlices(sliceCount(options.expectedImages));
  const lives = readLives(scope, epoch, options.expectedEvents);
  const { id } = await api.runBatch(
    {
      name: 'careplus-verify',
      token: randomUUID(),
      statements: [
        frontierSql(scope),
        laterChangesSql(scope, epoch, above),
        unreadableSql(scope, epoch),
        numbersSql(scope, epoch),
        driftSql(scope, epoch),
        otherSourcesSql(scope),
        unlikeEventsSql(scope, epoch),
        unlikeImagesSql(scope),
        oddRowsSql(scope),
        brokenTransactionsSql(scope),
        ...slices.flatMap((slice) => [
          stateSql(scope, epoch, slice),
          shownSql(scope, slice),
          quarantineSql(scope, slice),
        ]),
        ...(lives?.statements ?? []),
      ],
    },
    { signal },
  );
  const rowsOf = async (statement: number) =>
    (await api.result(`${id}:${statement}`, { signal })).rows;

  const frontiers = await rowsOf(1);
  const shown = frontiers.at(-1);
  const frontier = shown && { epoch: numberOf(shown['epoch']), seq: numberOf(shown['seq']) };
  if (!shown || frontier?.epoch !== epoch) return undefined;
  const later = laterChanges(await rowsOf(2));
  const unreadable = unreadableImages(await rowsOf(3));
  const [numbers = {}] = await rowsOf(4);
  const drift = await rowsOf(5);
  const judged = judgedImage(scope.dataset);
  const unlike = (await rowsOf(8)).map((row) => textOf(row['image_id']));
  return {
    frontier,
    later,
    unreadable,
    history: {
      shownFrontiers: frontiers.length,
      frontier: frontier.seq,
      frontierRow: frontierRow(shown),
      expectedRow: { ready: 1, live: 1, committed_ms: numberOf(numbers['committed_ms'] ?? 0) },
      last: numberOf(numbers['last_seq'] ?? 0),
      transactionEnds: numbers['ends'] == null ? null : numberOf(numbers['ends']) === 1,
      drift: drift.map((row) => ({
        imageId: textOf(row['history_image'] ?? row['state_image']),
        history: numberOf(row['history_copies'] ?? 0),
        state: numberOf(row['state_copies'] ?? 0),
      })),
      ...(await wrongNumbers(api, scope, frontier, numbers, signal)),
    },
    otherSources: (await rowsOf(6)).map((row) => textOf(row['source'])),
    evidence: {
      unlikeEvents: await rowsOf(7),
      imageRows:
        unlike.length === 0 ? [] : (await api.query(imageRowsSql(scope, unlike), { signal })).rows,
      oddRows: await rowsOf(9),
      brokenTransactions: await rowsOf(10),
    },
    checkLives: async (differences) => {
      const first = GENERAL + 1 + slices.length * OF_A_SLICE;
      return (await lives?.check((statement) => rowsOf(first + statement), differences)) ?? 0;
    },
    async *parts() {
      for (const index of slices.keys()) {
        const first = GENERAL + 1 + index * OF_A_SLICE;
        yield {
          state: (await rowsOf(first)).map((row) => stateRow(row, `${scope.source}:${epoch}`)),
          shown: (await rowsOf(first + 1)).map((row) => shownRow(row, scope.dataset.cleanColumns)),
          quarantine: (await rowsOf(first + 2)).map(quarantineRow),
          details: async (ids) => {
            const { rows } = await api.query(stateDetailsSql(scope, epoch, ids), { signal });
            return new Map(
              rows.map((row) => [textOf(row['image_id']), piecesOfRow(judged.columns, row)]),
            );
          },
        };
      }
    },
  };
}

/** Names the numbers that are missing or doubled; asks the warehouse only when the counts say so. */
async function wrongNumbers(
  api: DataApi,
  scope: WarehouseScope,
  { epoch, seq }: Frontier,
  numbers: WarehouseRow,
  signal: AbortSignal,
): Promise<Pick<HistoryFacts, 'missingNumbers' | 'doubledNumbers'>> {
  const held = numberOf(numbers['numbers'] ?? 0);
  const distinct = numberOf(numbers['distinct_numbers'] ?? 0);
  const last = numberOf(numbers['last_seq'] ?? 0);
  const missingNumbers: [number, number][] = [];
  const doubledNumbers: number[] = [];
  if (distinct !== last || numberOf(numbers['first_seq'] ?? 1) !== 1) {
    const { rows } = await api.query(gapsSql(scope, epoch), { signal });
    for (const row of rows)
      missingNumbers.push([numberOf(row['first_seq']), numberOf(row['last_seq'])]);
  }
  if (last < seq) missingNumbers.push([last + 1, seq]);
  if (held !== distinct) {
    const { rows } = await api.query(doubledNumbersSql(scope, epoch), { signal });
    for (const row of rows) doubledNumbers.push(numberOf(row['seq']));
  }
  return { missingNumbers, doubledNumbers };
}

/** How many slices bound the memory for so many rows. */
export function sliceCount(images: number): number {
  let count = 1;
  while (count < MAX_SLICES && images / count > IMAGES_A_SLICE) count *= 2;
  return count;
}

function frontierRow(row: WarehouseRow): HistoryFacts['frontierRow'] {
  const { ready = null, live = null, committed_ms: committed = null } = row;
  return { ready: numberOf(ready), live: numberOf(live), committed_ms: numberOf(committed) };
}

function laterChanges(rows: readonly WarehouseRow[]): LaterChanges {
  const copies = new Map<string, number>();
  const keys = new Set<string>();
  let barrier = false;
  for (const row of rows) {
    if (numberOf(row['barrier']) === 1) {
      barrier = true;
      continue;
    }
    copies.set(textOf(row['image_id']), numberOf(row['copies']));
    keys.add(textOf(row['key_hash']));
  }
  return { copies, keys, barrier };
}

function unreadableImages(rows: readonly WarehouseRow[]): UnreadableImages {
  return {
    keys: new Set(rows.map((row) => textOf(row['key_hash']))),
    keyless: rows.some((row) => row['key_text'] === null || row['key_text'] === ''),
  };
}

function stateRow(row: WarehouseRow, line: string): StateRow {
  return {
    imageId: textOf(row['image_id']),
    keyHash: textOf(row['key_hash']),
    copies: numberOf(row['copies']),
    rulesVersion: numberOf(row['rules_version']),
    isLatest: numberOf(row['is_latest']) === 1,
    checksum: textOf(row['checksum']),
    event: `${line}:${textOf(row['event_seq'])}`,
  };
}

function shownRow(row: WarehouseRow, columns: readonly CleanColumn[]): ShownRow {
  return {
    imageId: textOf(row['image_id']),
    copies: numberOf(row['copies']),
    cells: columns.map((column) => cellOf(column, row[column.name] ?? null)),
  };
}

/** Reads a row of a quarantine view. */
export function quarantineRow(row: WarehouseRow): QuarantineRow {
  const reasons = row['reasons'] ?? null;
  return {
    imageId: textOf(row['image_id']),
    copies: numberOf(row['copies']),
    reasons: reasons === null ? null : textOf(reasons),
  };
}

/** A view's value in the form of the rules: times as epoch milliseconds, counts as numbers. */
export function cellOf(column: LogColumn, value: WarehouseValue): CleanValue {
  if (value === null) return null;
  switch (column.type) {
    case 'text':
      return textOf(value);
    case 'integer':
      return numberOf(value);
    case 'timestamp':
      // What is no time stays as it is, and so differs from every time.
      return parseUtcDateTime(textOf(value)) ?? textOf(value);
    case 'hundredths':
      return Math.round(numberOf(value) * 100);
    case 'boolean':
      return value === true ? 1 : value === false ? 0 : textOf(value);
  }
}

/** A value as text; NULL as the empty one. */
export function textOf(value: WarehouseValue | undefined): string {
  return typeof value === 'string' ? value : String(value ?? '');
}

/** A whole number of a row. */
export function numberOf(value: WarehouseValue | undefined): number {
  return Number(value);
}
