import type { WarehouseRow } from '../../runtime/redshift/data-api.ts';
import type { LogDataset } from '../../schemas/datasets/log-dataset.ts';
import type { DifferenceList } from './differences.ts';
import {
  misplacedSql,
  sumNames,
  sumTexts,
  untimelySql,
  wrongSumKeysSql,
  wrongSumsSql,
} from './log-sum-statements.ts';

/** The statements whose rows are differences between the tables of a log, and what tells them. */
export interface LogEvidence {
  readonly statements: readonly string[];
  /**
   * @param rowsOf the rows of one of the statements.
   * @returns how many rows are wrong.
   */
  check(
    rowsOf: (statement: number) => Promise<readonly WarehouseRow[]>,
    differences: DifferenceList,
  ): Promise<number>;
}

/** Sums against entries, entries against arrivals, frontiers against both; all hosts together. */
export function logEvidence(dataset: LogDataset): LogEvidence {
  const { summary, entity } = dataset;
  const sums = summary && {
    read: [wrongSumsSql({ dataset, summary }), wrongSumKeysSql(dataset)],
    texts: sumTexts(summary),
  };
  return {
    statements: [misplacedSql(dataset), untimelySql(dataset), ...(sums?.read ?? [])],
    async check(rowsOf, differences) {
      const before = differences.total;
      for (const row of await rowsOf(0)) {
        const place = `${textOf(row['host'])}:${textOf(row['generation'])}:${textOf(row['pos'])}`;
        differences.add({
          ...{ kind: 'wrong-place', table: `careplus.${entity}_entry`, event: place },
          ...{ key: textOf(row['entry_id']), expected: null, found: place },
        });
      }
      for (const row of await rowsOf(1)) {
        differences.add({
          ...{ kind: 'wrong-frontier', table: `ops.${entity}_frontier` },
          key: `${textOf(row['host'])}/${textOf(row['generation'])} read_at_ms`,
          ...{ expected: textOf(row['newest_ms']), found: textOf(row['read_at_ms']) },
        });
      }
      if (!sums) return differences.total - before;
      const table = `careplus.${entity}_sums`;
      for (const row of await rowsOf(2)) {
        const wrong = sumNames.filter((name) => row[`e_${name}`] !== row[`s_${name}`]);
        const side = (prefix: string) =>
          Object.fromEntries(wrong.map((name) => [name, textOf(row[`${prefix}_${name}`])]));
        const texts = ['label', ...sums.texts].flatMap((name) => unmarked(row[name]) ?? []);
        const key = [...placeOf(row), ...texts].join(' ');
        differences.add({ kind: 'wrong-sum', table, key, expected: side('e'), found: side('s') });
      }
      for (const row of await rowsOf(3)) {
        differences.add({
          ...{ kind: 'wrong-sum', table, key: [...placeOf(row), textOf(row['label'])].join(' ') },
          expected: { value_key: textOf(row['expected_key']) },
          found: { value_key: textOf(row['value_key']) },
        });
      }
      return differences.total - before;
    },
  };
}

/** Such as `level 2025-07-01T10:00Z`. */
function placeOf(row: WarehouseRow): string[] {
  const hour = Number(row['hour_ms']);
  const isTime = Number.isFinite(hour) && hour !== 0 && Math.abs(hour) < 8.64e15;
  const time = isTime ? [`${new Date(hour).toISOString().slice(0, 16)}Z`] : [];
  return [textOf(row['dimension']), ...time];
}

function unmarked(value: WarehouseRow[string] | undefined): string | undefined {
  const text = textOf(value).slice(0, -1);
  return text === '' ? undefined : text;
}

function textOf(value: WarehouseRow[string] | undefined): string {
  return value === null || value === undefined ? '' : String(value);
}
