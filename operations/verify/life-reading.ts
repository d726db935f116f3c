import type { WarehouseRow } from '../../runtime/redshift/data-api.ts';
import type { CleanValue } from '../../schemas/datasets/dataset.ts';
import type { DifferenceList } from './differences.ts';
import {
  carriedColumns,
  livesSql,
  markersSql,
  periodsSql,
  type LifeScope,
} from './life-statements.ts';
import {
  differingPeriod,
  periodsOfLife,
  type LifeEvent,
  type LifeMarker,
  type ToldPeriod,
} from './lives.ts';
import { imageSlices, type WarehouseScope } from './warehouse-statements.ts';

const EVENTS_A_SLICE = 50_000;
const MAX_SLICES = 16;

/** The statements that read lives and periods, and what compares them. */
export interface LifeReading {
  readonly statements: readonly string[];
  /**
   * @param rowsOf the rows of one of the statements.
   * @returns how many periods are wrong.
   */
  check(
    rowsOf: (statement: number) => Promise<readonly WarehouseRow[]>,
    differences: DifferenceList,
  ): Promise<number>;
}

/**
 * Periods against the history that they are told from, slice by slice, so that memory is bounded.
 *
 * @param expectedEvents about how many images the history holds.
 */
export function readLives(
  scope: WarehouseScope,
  epoch: number,
  expectedEvents: number,
): LifeReading | undefined {
  const { lifecycle } = scope.dataset;
  if (lifecycle === null) return undefined;
  const lifeScope: LifeScope = { ...scope, lifecycle };
  let count = 1;
  while (count < MAX_SLICES && expectedEvents / count > EVENTS_A_SLICE) count *= 2;
  const slices = imageSlices(count);
  const statements = [
    markersSql(scope),
    ...slices.flatMap((slice) => [livesSql(lifeScope, epoch, slice), periodsSql(lifeScope, slice)]),
  ];
  return {
    statements,
    async check(rowsOf, differences) {
      const before = differences.total;
      const markers = (await rowsOf(0)).map(markerOf);
      for (const index of slices.keys()) {
        const lives = await rowsOf(1 + 2 * index);
        const periods = await rowsOf(2 + 2 * index);
        comparePeriods({ lives, periods, markers }, lifeScope, differences);
      }
      return differences.total - before;
    },
  };
}

interface LifePart {
  readonly lives: readonly WarehouseRow[];
  readonly periods: readonly WarehouseRow[];
  readonly markers: readonly LifeMarker[];
}

function comparePeriods(part: LifePart, scope: LifeScope, differences: DifferenceList): void {
  const { dataset, lifecycle, source } = scope;
  const carried = carriedColumns(dataset, lifecycle);
  const lives = Map.groupBy(part.lives, (row) => String(row['key_hash']));
  const told = Map.groupBy(part.periods, (row) => String(row['key_hash']));
  for (const hash of new Set([...lives.keys(), ...told.keys()])) {
    const rows = lives.get(hash) ?? [];
    const now = Object.fromEntries(
      carried.map((name) => [name, cellOf(rows[0]?.[`now_${name}`])] as const),
    );
    const expected = periodsOfLife(rows.map(eventOf), part.markers, lifecycle.firstStatus).map(
      (period): ToldPeriod => ({ ...period, ...now }),
    );
    const found = (told.get(hash) ?? []).map(periodOf);
    for (let index = 0; index < Math.max(expected.length, found.length); index += 1) {
      const differing = differingPeriod(expected[index], found[index]);
      if (!differing) continue;
      const { epoch = '', seq = '' } = found[index] ?? expected[index] ?? {};
      const key = cellOf(rows[0]?.[`now_${dataset.keyField}`] ?? found[index]?.[dataset.keyField]);
      differences.add({
        ...{ kind: 'changed-period', table: `careplus.${dataset.entity}_periods` },
        ...{ key: key === null ? `key ${hash}` : `${key} period ${index + 1}` },
        ...{ expected: differing[0], found: differing[1], event: `${source}:${epoch}:${seq}` },
      });
    }
  }
}

const NUMBERS = new Set(['place', 'entered_ms', 'left_ms', 'epoch', 'seq', 'rules_version']);

function periodOf(row: WarehouseRow): ToldPeriod {
  const columns = Object.entries(row).filter(([name]) => name !== 'key_hash');
  return Object.fromEntries(
    columns.map(([name, value]) => [name, NUMBERS.has(name) ? numberOf(value) : cellOf(value)]),
  );
}

function markerOf(row: WarehouseRow): LifeMarker {
  return { epoch: Number(row['epoch']), seq: Number(row['seq']), kind: String(row['kind']) };
}

function eventOf(row: WarehouseRow): LifeEvent {
  const text = (name: string) => {
    const value = cellOf(row[name]);
    return value === null ? null : String(value);
  };
  return {
    ...markerOf(row),
    imageId: text('image_id') ?? '',
    rank: Number(row['rank']),
    accepted: Number(row['accepted']) === 1,
    rulesVersion: Number(row['rules_version']),
    status: text('status'),
    begunMs: numberOf(row['begun_ms']),
    endedMs: numberOf(row['ended_ms']),
    committedMs: Number(row['committed_ms']),
    gtid: text('gtid'),
  };
}

function numberOf(value: WarehouseRow[string] | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}

/** Carried columns may be of any type: compared as texts. */
function cellOf(value: CleanValue | boolean | undefined): CleanValue {
  return value === null || value === undefined ? null : String(value);
}
