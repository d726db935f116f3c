import type { DataApi, WarehouseRow } from '../../runtime/redshift/data-api.ts';
import { isTableDataset, type AnyDataset } from '../../schemas/datasets/any-dataset.ts';
import { eventIdOf } from '../../schemas/holes.ts';
import type { LakeRow } from '../../stream-processors/batch-processor.ts';
import type { Numbering } from '../../stream-processors/numbering.ts';
import { heldEntries } from './held-entries.ts';
import { heldImages } from './held-images.ts';
import { storedColumns, type Held, type HeldVerdict, type HeldVerdicts } from './held-verdicts.ts';

/**
 * What a replay would do to a row that the warehouse holds: it becomes `accepted`, `quarantined` or
 * `readable`, or keeps its verdict with other `reasons` or `values`.
 */
type ChangeKind = 'accepted' | 'quarantined' | 'readable' | 'reasons' | 'values';

/** Rows for which a replay would change the same thing. */
interface ReplayChange {
  readonly change: ChangeKind;
  /** The reasons concerned, or the columns whose values change. */
  readonly what: string;
  /** Distinct rows that are shown or in quarantine now. */
  readonly rows: number;
  /** What arrived and is judged anew: those rows' images or copies, and history. */
  readonly events: number;
  /** Event ids of the first ones. */
  readonly examples: readonly string[];
}

/**
 * By how much the figures change. What becomes readable is not in them: what it does depends on
 * what stands beside it.
 */
interface FigureChanges {
  readonly shown: number;
  readonly quarantined: number;
  /** Sums over all shown rows, of the columns that change. */
  readonly sums: Readonly<Record<string, number>>;
}

export interface ReplayDiff {
  readonly changes: readonly ReplayChange[];
  readonly figures: FigureChanges;
  /** Rows that have not arrived: a replay fills them in. */
  readonly not_in_warehouse: number;
  /** Rows whose verdict stays, under another rules version or this one. */
  readonly unchanged: number;
}

/** Compares rows with the warehouse instead of sending them: the sink of a dry run. */
export interface DiffSink {
  take(rows: readonly LakeRow[], signal: AbortSignal): Promise<void>;
  /** Compares what is left and tells the sums. */
  finish(signal: AbortSignal): Promise<ReplayDiff>;
}

const ROWS_A_QUERY = 10_000;

export function createDiffSink(
  api: DataApi,
  dataset: AnyDataset,
  numbering: Pick<Numbering, 'ofRow'>,
): DiffSink {
  const held: HeldVerdicts = isTableDataset(dataset)
    ? heldImages(api, dataset)
    : heldEntries(api, dataset);
  const tally = createTally(dataset, (row) => eventIdOf(numbering.ofRow(row)));
  let waiting: LakeRow[] = [];

  async function compareWaiting(signal: AbortSignal): Promise<void> {
    const rows = waiting.filter((row) => held.isJudged(row));
    waiting = [];
    const found = rows.length === 0 ? [] : await held.find(rows, signal);
    for (const [index, row] of rows.entries()) tally.add(found[index] ?? 'absent', row);
  }

  return {
    async take(rows, signal) {
      waiting.push(...rows);
      if (waiting.length >= ROWS_A_QUERY) await compareWaiting(signal);
    },
    async finish(signal) {
      await compareWaiting(signal);
      return tally.diff();
    },
  };
}

const EXAMPLES = 3;

/** Counts what changes, each row of the warehouse once. */
function createTally(dataset: AnyDataset, idOf: (row: LakeRow) => string) {
  const columns = storedColumns(dataset.cleanColumns);
  const summed = dataset.cleanColumns.flatMap(({ type }, index) =>
    type === 'integer' || type === 'hundredths' ? [columns[index] ?? ''] : [],
  );
  const changes = new Map<string, { -readonly [K in keyof ReplayChange]: ReplayChange[K] }>();
  const changed = new Set<string>();
  const sums = new Map<string, number>();
  let [shown, quarantined, notInWarehouse, unchanged] = [0, 0, 0, 0];

  /** What changes from one verdict to the next; undefined if nothing does. */
  function changeOf(
    before: WarehouseRow,
    after: LakeRow,
  ): readonly [ChangeKind, string] | undefined {
    const versions = [Number(before['rules_version']), Number(after['rules_version'])] as const;
    if (versions[1] <= versions[0]) return undefined;
    const [old, now] = [text(before['reasons']), text(after['reasons'])];
    if (versions[0] === 0) return ['readable', now || 'accepted'];
    if (!isAccepted(before) && isAccepted(after)) return ['accepted', old];
    if (isAccepted(before) && !isAccepted(after)) return ['quarantined', now];
    if (!isAccepted(after)) return old === now ? undefined : ['reasons', `${old} → ${now}`];
    const other = columns.filter((name) => (before[name] ?? null) !== (after[name] ?? null));
    return other.length === 0 ? undefined : ['values', other.join(',')];
  }

  /** Adds a row of the warehouse to the figures. */
  function move({ verdict, isShown }: HeldVerdict, after: LakeRow): void {
    const [was, is] = [isAccepted(verdict), isAccepted(after)];
    quarantined += Number(!is) - Number(!was);
    if (!isShown) return;
    shown += Number(is) - Number(was);
    for (const name of summed) {
      const change = (is ? number(after[name]) : 0) - (was ? number(verdict[name]) : 0);
      sums.set(name, (sums.get(name) ?? 0) + change);
    }
  }

  return {
    add(held: Held, row: LakeRow): void {
      if (held === 'closed') return;
      if (held === 'absent') {
        notInWarehouse += 1;
        return;
      }
      const found = changeOf(held.verdict, row);
      if (!found) {
        unchanged += 1;
        return;
      }
      const [change, what] = found;
      const key = `${change} ${what}`;
      const known = changes.get(key) ?? { change, what, rows: 0, events: 0, examples: [] };
      changes.set(key, known);
      known.events += 1;
      if (held.content !== undefined && changed.has(held.content)) return;
      if (known.examples.length < EXAMPLES) known.examples = [...known.examples, idOf(row)];
      if (held.content === undefined) return;
      changed.add(held.content);
      known.rows += 1;
      if (change !== 'readable') move(held, row);
    },
    diff: (): ReplayDiff => ({
      changes: [...changes.values()].toSorted((a, b) => b.events - a.events),
      figures: {
        ...{ shown, quarantined },
        sums: Object.fromEntries([...sums].filter(([, change]) => change !== 0)),
      },
      not_in_warehouse: notInWarehouse,
      unchanged,
    }),
  };
}

function isAccepted(row: WarehouseRow | LakeRow): boolean {
  return row['accepted'] === 1;
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
