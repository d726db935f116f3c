import type { DataApi, WarehouseRow } from '../../runtime/redshift/data-api.ts';
import type { LogDataset } from '../../schemas/datasets/log-dataset.ts';
import type { LakeRow } from '../../stream-processors/batch-processor.ts';
import { byteNumbers } from '../../stream-processors/logs/byte-numbers.ts';
import { logTables } from '../../warehouse-loader/log-statements.ts';
import { quoteText, sqlInteger } from '../../runtime/sql/quoting.ts';
import { storedColumns, type Held, type HeldVerdicts } from './held-verdicts.ts';

const KINDS: readonly unknown[] = ['E', 'X'];

/** The entries of log files: all ranges with the same entry share one row and one verdict. */
export function heldEntries(api: DataApi, dataset: LogDataset): HeldVerdicts {
  const t = logTables(dataset);
  const columns = ['rules_version', 'accepted', 'reasons', ...storedColumns(dataset.cleanColumns)];
  const verdict = columns.map((name) => `e.${name}`).join(', ');

  /** Entries of a file by their place, those above its frontier too: they do not wait. */
  async function readEntries(rows: readonly LakeRow[], signal: AbortSignal) {
    const entries = rows.filter(({ kind }) => kind === 'E');
    if (entries.length === 0) return new Map<number, WarehouseRow>();
    const places = bounds(entries, 'pos');
    // The time is a function of the entry, and what the table is sorted by.
    const times = bounds(entries, 'sort_ms');
    const within = `${fileOf(rows)} AND pos >= ${places.least} AND pos <= ${places.most} AND kind = 'E'`;
    const { rows: found } = await api.query(
      `SELECT a.pos, e.entry_id, ${verdict}
FROM (SELECT pos, entry_id FROM ${t.arrivals} WHERE ${within}
  UNION ALL SELECT pos, entry_id FROM ${t.pending} WHERE ${within}) a
JOIN ${t.entry} e ON e.entry_id = a.entry_id AND e.sort_ms >= ${times.least} AND e.sort_ms <= ${times.most}`,
      { signal },
    );
    return new Map(found.map((row) => [Number(row['pos']), row]));
  }

  /** Blocks of a file that could not be read, and where a row lies in one. */
  async function readUnreadable(rows: readonly LakeRow[], signal: AbortSignal) {
    const sql = `SELECT pos, len FROM ${t.unreadable} WHERE ${fileOf(rows)}`;
    const blocks = (await api.query(sql, { signal })).rows.map((row) => ({
      from: Number(row['pos']),
      behind: Number(row['pos']) + Number(row['len']),
    }));
    return (row: LakeRow): Held => {
      const { line, from: pos } = byteNumbers.ofRow(row);
      const block = blocks.find(({ from, behind }) => pos >= from && pos < behind);
      if (!block) return 'absent';
      const content = `${line} ${block.from}`;
      return { verdict: { rules_version: 0 }, content, isShown: false };
    };
  }

  return {
    isJudged: (row) => KINDS.includes(row['kind']),
    async find(rows, signal) {
      const held = new Map<LakeRow, Held>();
      for (const some of Map.groupBy(rows, (row) => byteNumbers.ofRow(row).line).values()) {
        const entries = await readEntries(some, signal);
        const others = some.filter((row) => !entries.has(Number(row['pos'])));
        for (const row of some) held.set(row, heldOf(entries.get(Number(row['pos']))));
        if (others.length === 0) continue;
        const place = await readUnreadable(some, signal);
        for (const row of others) held.set(row, place(row));
      }
      return rows.map((row) => held.get(row) ?? 'absent');
    },
  };
}

function heldOf(found: WarehouseRow | undefined): Held {
  if (!found) return 'absent';
  return { verdict: found, content: String(found['entry_id']), isShown: true };
}

function bounds(rows: readonly LakeRow[], column: string) {
  const numbers = rows.map((row) => Number(row[column]));
  return {
    least: sqlInteger(numbers.reduce((a, b) => Math.min(a, b), Infinity)),
    most: sqlInteger(numbers.reduce((a, b) => Math.max(a, b), -Infinity)),
  };
}

function fileOf([row]: readonly LakeRow[]): string {
  return `host = ${quoteText(String(row?.['host']))} AND generation = ${quoteText(String(row?.['generation']))}`;
}
