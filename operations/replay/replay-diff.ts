import type { DataApi, WarehouseRow } from '../../runtime/redshift/data-api.ts';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import type { LakeRow } from '../../stream-processors/batch-processor.ts';
import { imageTables, progressQuery } from '../../warehouse-loader/image-statements.ts';
import { quoteText, sqlInteger } from '../../warehouse-loader/sql-quoting.ts';

/**
 * What a replay would do to an image that the warehouse holds: it becomes `accepted`,
 * `quarantined` or `readable`, or keeps its verdict with other `reasons` or `values`.
 */
type ChangeKind = 'accepted' | 'quarantined' | 'readable' | 'reasons' | 'values';

/** Images for which a replay would change the same thing. */
interface ReplayChange {
  readonly change: ChangeKind;
  /** The reasons concerned, or the columns whose values change. */
  readonly what: string;
  readonly images: number;
  /** Event ids of the first ones. */
  readonly examples: readonly string[];
}

export interface ReplayDiff {
  readonly changes: readonly ReplayChange[];
  /** Images above the frontier: a replay fills them in. */
  readonly not_in_warehouse: number;
  /** Images whose verdict stays, under another rules version or this one. */
  readonly unchanged: number;
}

/** Compares rows with the warehouse instead of sending them: the sink of a dry run. */
export interface DiffSink {
  take(rows: readonly LakeRow[], signal: AbortSignal): Promise<void>;
  /** Compares what is left and tells the sums. */
  finish(signal: AbortSignal): Promise<ReplayDiff>;
}

const ROWS_A_QUERY = 10_000;
const EXAMPLES = 3;
const IMAGE_KINDS: readonly unknown[] = ['+', '-', 'X'];

export function createDiffSink(api: DataApi, dataset: TableDataset): DiffSink {
  const columns = dataset.cleanColumns.map(({ name, type }) =>
    type === 'timestamp' ? `${name}_ms` : name,
  );
  const changes = new Map<string, { -readonly [K in keyof ReplayChange]: ReplayChange[K] }>();
  let frontiers: Map<string, number> | undefined;
  let waiting: LakeRow[] = [];
  let [notInWarehouse, unchanged] = [0, 0];

  async function readFrontiers(signal: AbortSignal): Promise<Map<string, number>> {
    const { rows } = await api.query(progressQuery(dataset), { signal });
    return new Map(rows.map((row) => [epochId(row), Number(row['seq'])]));
  }

  /** Only what another rules version judged, or what was unreadable, can change. */
  async function olderVerdicts(rows: readonly LakeRow[], signal: AbortSignal) {
    const seqs = rows.map((row) => Number(row['seq']));
    const first = rows[0] ?? {};
    const sql = `SELECT seq, rules_version, accepted, reasons, ${columns.join(', ')}
FROM ${imageTables(dataset).changes}
WHERE source = ${quoteText(String(first['source']))} AND epoch = ${sqlInteger(Number(first['epoch']))}
AND seq >= ${sqlInteger(seqs.reduce((a, b) => Math.min(a, b), Infinity))} AND seq <= ${sqlInteger(seqs.reduce((a, b) => Math.max(a, b), 0))}
AND rules_version < ${sqlInteger(dataset.rulesVersion)} AND kind IN ('+', '-', 'X')`;
    const found = await api.query(sql, { signal });
    return new Map(found.rows.map((row) => [Number(row['seq']), row]));
  }

  function count(change: ChangeKind, what: string, row: LakeRow): void {
    const key = `${change} ${what}`;
    const known = changes.get(key) ?? { change, what, images: 0, examples: [] };
    known.images += 1;
    if (known.examples.length < EXAMPLES) known.examples = [...known.examples, eventId(row)];
    changes.set(key, known);
  }

  function compare(before: WarehouseRow, after: LakeRow): void {
    const [old, now] = [text(before['reasons']), text(after['reasons'])];
    const [wasAccepted, isAccepted] = [before['accepted'] === 1, after['accepted'] === 1];
    const versions = [Number(before['rules_version']), Number(after['rules_version'])];
    if (versions[0] === 0 && versions[1] === 0) unchanged += 1;
    else if (versions[0] === 0) count('readable', now || 'accepted', after);
    else if (!wasAccepted && isAccepted) count('accepted', old, after);
    else if (wasAccepted && !isAccepted) count('quarantined', now, after);
    else if (!isAccepted && old !== now) count('reasons', `${old} → ${now}`, after);
    else {
      const other = isAccepted
        ? columns.filter((name) => (before[name] ?? null) !== (after[name] ?? null))
        : [];
      if (other.length > 0) count('values', other.join(','), after);
      else unchanged += 1;
    }
  }

  async function compareWaiting(signal: AbortSignal): Promise<void> {
    frontiers ??= await readFrontiers(signal);
    const images = waiting.filter((row) => IMAGE_KINDS.includes(row['kind']));
    waiting = [];
    for (const rows of Map.groupBy(images, epochId).values()) {
      const frontier = frontiers.get(epochId(rows[0] ?? {}));
      // An epoch that a later one has replaced shows nothing.
      if (frontier === undefined) continue;
      const loaded = rows.filter((row) => Number(row['seq']) <= frontier);
      notInWarehouse += rows.length - loaded.length;
      if (loaded.length === 0) continue;
      const older = await olderVerdicts(loaded, signal);
      for (const row of loaded) {
        const before = older.get(Number(row['seq']));
        if (before) compare(before, row);
        else unchanged += 1;
      }
    }
  }

  return {
    async take(rows, signal) {
      waiting.push(...rows);
      if (waiting.length >= ROWS_A_QUERY) await compareWaiting(signal);
    },
    async finish(signal) {
      await compareWaiting(signal);
      const sorted = [...changes.values()].toSorted((a, b) => b.images - a.images);
      return { changes: sorted, not_in_warehouse: notInWarehouse, unchanged };
    },
  };
}

function epochId(row: LakeRow | WarehouseRow): string {
  return `${String(row['source'])}:${String(row['epoch'])}`;
}

function eventId(row: LakeRow): string {
  return `${epochId(row)}:${String(row['seq'])}`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
