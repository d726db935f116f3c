import { COPIED, type LoadStatement } from './load-statement.ts';

/** The temporary table that {@link repeatStatements} leave behind. */
export const REPEATED = 'repeated';

/** How the copied rows are told apart; each function takes an alias of the table. */
interface RowIdentity {
  readonly columns: readonly string[];
  /** What is the same in a row and its repeats; what differs most comes first. */
  readonly place: (alias: string) => readonly string[];
  /** Which of them stays: the first in this order. */
  readonly order: (alias: string) => string;
}

/**
 * The statements that leave one of each row that was copied several times. Mostly there are none:
 * then nothing is written, where a deduplicated copy would write and sort all that is wide.
 */
export function repeatStatements({ columns, place, order }: RowIdentity): LoadStatement[] {
  const all = (alias: string) => columns.map((name) => `${alias}.${name}`).join(', ');
  const named = (alias: string) =>
    place(alias)
      .map((part, index) => `${part} AS place_${index}`)
      .join(', ');
  const samePlace = (a: string, b: string) => {
    const others = place(b);
    return place(a)
      .map((part, index) => `${part} = ${others[index] ?? ''}`)
      .join(' AND ');
  };
  const sameNamed = (alias: string, other: string) =>
    place(other)
      .map((part, index) => `${part} = ${alias}.place_${index}`)
      .join(' AND ');
  return [
    {
      step: 'find repeats',
      sql: `CREATE TEMP TABLE ${REPEATED} AS SELECT ${all('q')}
FROM (SELECT ${all('c')}, row_number() OVER (PARTITION BY ${place('c').join(', ')} ORDER BY ${order('c')}) AS rn
  FROM (SELECT ${named('m')} FROM ${COPIED} m GROUP BY ${place('m').join(', ')} HAVING count(*) > 1) t
  JOIN ${COPIED} c ON ${sameNamed('t', 'c')}) q
WHERE q.rn = 1`,
    },
    {
      step: 'drop repeats',
      sql: `DELETE FROM ${COPIED} USING ${REPEATED} WHERE ${samePlace(COPIED, REPEATED)}`,
    },
    {
      step: 'keep one of each',
      sql: `INSERT INTO ${COPIED} (${columns.join(', ')}) SELECT ${all('r')} FROM ${REPEATED} r`,
    },
  ];
}
