import type { DataApi, WarehouseRow } from '../../runtime/redshift/data-api.ts';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import { lineOf } from '../../schemas/holes.ts';
import type { LakeRow } from '../../stream-processors/batch-processor.ts';
import { imageNumbers } from '../../stream-processors/tables/image-numbers.ts';
import { imageTables, progressQuery } from '../../warehouse-loader/image-statements.ts';
import { quoteText, sqlInteger } from '../../runtime/sql/quoting.ts';
import { storedColumns, type Held, type HeldVerdict, type HeldVerdicts } from './held-verdicts.ts';

/** Of an erased image it is higher than that of the rules. */
const versionOf = (row: LakeRow) => Number(row['rules_version']);

const KINDS: readonly unknown[] = ['+', '-', 'X'];

interface Frontier {
  readonly seq: number;
  readonly shown: boolean;
}

/** The images of a table: the verdict of each is that of its live row, if it has one. */
export function heldImages(api: DataApi, dataset: TableDataset): HeldVerdicts {
  const t = imageTables(dataset);
  const columns = ['rules_version', 'accepted', 'reasons', ...storedColumns(dataset.cleanColumns)];
  const verdict = columns
    .map((name) => `CASE WHEN s.image_id IS NULL THEN c.${name} ELSE s.${name} END AS ${name}`)
    .join(', ');
  let frontiers: ReadonlyMap<string, Frontier> | undefined;

  async function readFrontiers(signal: AbortSignal): Promise<ReadonlyMap<string, Frontier>> {
    const { rows } = await api.query(progressQuery(dataset), { signal });
    const place = (row: WarehouseRow) =>
      lineOf({ source: String(row['source']), epoch: Number(row['epoch']) });
    return new Map(
      rows.map((row) => [
        place(row),
        { seq: Number(row['seq']), shown: Number(row['shown']) === 1 },
      ]),
    );
  }

  /** Only what another rules version judged, or what was unreadable, can change. */
  async function readOlder(rows: readonly LakeRow[], signal: AbortSignal) {
    const [first] = rows;
    const seqs = rows.map((row) => Number(row['seq']));
    const { rows: found } = await api.query(
      `SELECT c.seq, c.image_id, s.is_latest, ${verdict}
FROM ${t.changes} c
LEFT JOIN ${t.state} s ON s.source = c.source AND s.epoch = c.epoch AND s.key_hash = c.key_hash AND s.image_id = c.image_id AND s.copies > 0
WHERE c.source = ${quoteText(String(first?.['source']))} AND c.epoch = ${sqlInteger(Number(first?.['epoch']))}
AND c.seq >= ${sqlInteger(seqs.reduce((a, b) => Math.min(a, b), Infinity))} AND c.seq <= ${sqlInteger(seqs.reduce((a, b) => Math.max(a, b), 0))}
AND c.rules_version < ${sqlInteger(Math.max(...rows.map(versionOf)))} AND c.kind IN ('+', '-', 'X')`,
      { signal },
    );
    return new Map(found.map((row) => [Number(row['seq']), row]));
  }

  const nothing: ReadonlyMap<number, WarehouseRow> = new Map();

  return {
    isJudged: (row) => KINDS.includes(row['kind']),
    async find(rows, signal) {
      frontiers ??= await readFrontiers(signal);
      const held = new Map<LakeRow, Held>();
      for (const [line, some] of Map.groupBy(rows, (row) => imageNumbers.ofRow(row).line)) {
        const frontier = frontiers.get(line);
        const loaded = some.filter((row) => frontier && Number(row['seq']) <= frontier.seq);
        const older = loaded.length > 0 ? await readOlder(loaded, signal) : nothing;
        for (const row of some) held.set(row, frontier ? 'absent' : 'closed');
        for (const row of loaded) {
          held.set(
            row,
            heldVerdict(row, older.get(Number(row['seq'])), line, frontier?.shown === true),
          );
        }
      }
      return rows.map((row) => held.get(row) ?? 'absent');
    },
  };

  function heldVerdict(
    row: LakeRow,
    found: WarehouseRow | undefined,
    line: string,
    shown: boolean,
  ): HeldVerdict {
    if (!found) {
      const verdict = { rules_version: versionOf(row) };
      return { verdict, content: undefined, isShown: false };
    }
    const isLive = shown && found['is_latest'] !== null;
    return {
      verdict: found,
      content: isLive ? `${line} ${String(found['image_id'])}` : undefined,
      isShown: Number(found['is_latest']) === 1,
    };
  }
}
