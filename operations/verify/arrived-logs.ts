import { randomUUID } from 'node:crypto';
import { readRange } from '../../runtime/kafka/bounded-reader.ts';
import { parseCheckpoint } from '../../runtime/kafka/checkpoint-value.ts';
import { abortableSleep } from '../../runtime/abortable-wait.ts';
import { findPipelineError } from '../../runtime/pipeline-error.ts';
import type { WarehouseRow } from '../../runtime/redshift/data-api.ts';
import { formatNameOf, shipperCheckpointSchema, startMarkerKey } from '../../schemas/checkpoint.ts';
import type { LogDataset } from '../../schemas/datasets/log-dataset.ts';
import { topics } from '../../schemas/topics.ts';
import {
  dayBooksSql,
  frontiersSql,
  miscountedSql,
  unreadableSql,
  untiledSql,
} from './arrived-log-statements.ts';
import { emptyBooks, type Books } from './books.ts';
import type { CoverageOptions } from './coverage.ts';
import { createDifferenceList, type DifferenceList } from './differences.ts';
import { logEvidence } from './log-evidence.ts';
import type { LogVerification } from './verification-result.ts';
import { numberOf, textOf } from './warehouse-reading.ts';

/** What can be said of log files that lie on other machines. */
export interface ArrivedLogs {
  readonly books: Books;
  readonly days: ReadonlyMap<string, Books>;
  readonly differences: DifferenceList;
  readonly hosts: readonly string[];
  readonly files: number;
  readonly bytes: number;
}

/** Bytes of one file, by `<host>/<generation>`. */
type Extents = ReadonlyMap<
  string,
  { readonly host: string; readonly start: number; readonly upto: number }
>;

/**
 * Verifies the entries of hosts whose files cannot be read here: all that their shippers had
 * written is in the warehouse; the ranges of each file tile it; every entry is counted
 * as often as it arrived. That an entry is judged and shown as its file says is not in it: that
 * takes the file, and `careplus verify` where it is.
 *
 * @param shipped what {@link readShipped} told.
 * @returns undefined where nothing of the dataset has ever been shipped.
 */
export async function verifyArrivedLogs(
  dataset: LogDataset,
  shipped: Extents,
  options: Omit<CoverageOptions, 'kafka'>,
): Promise<ArrivedLogs | undefined> {
  const { note } = options;
  const differences = createDifferenceList();
  const frontiers = await waitUntilArrived(dataset, shipped, options);
  if (shipped.size === 0 && frontiers.size === 0) return undefined;
  note(`${dataset.shortName}: comparing what arrived of ${frontiers.size} files`);
  for (const [file, { upto }] of shipped) {
    const found = frontiers.get(file)?.upto ?? 0;
    if (found < upto) differences.add({ kind: 'behind', key: file, expected: upto, found });
  }
  // Before the loader's first start there is nothing to compare with.
  const nothing = { books: emptyBooks, days: new Map<string, Books>() };
  const { books, days } =
    frontiers.size === 0 ? nothing : await compare(dataset, options, differences);
  const extents = [...frontiers.values()];
  return {
    ...{ books, days, differences },
    hosts: [...new Set([...shipped.values(), ...extents].map(({ host }) => host))].sort(),
    files: frontiers.size,
    bytes: extents.reduce((sum, { start, upto }) => sum + upto - start, 0),
  };
}

/** Reads how far the shippers of all hosts have written each file of a dataset. */
export async function readShipped(
  dataset: LogDataset,
  { kafka, signal }: Pick<CoverageOptions, 'kafka' | 'signal'>,
): Promise<Extents> {
  const extents = new Map<string, { host: string; start: number; upto: number }>();
  await readRange({
    ...{ kafka, topic: topics.shipperCheckpoints.name, compacted: true, signal },
    onBatch: ({ messages }) => {
      for (const { key, value, offset } of messages) {
        // A tombstone says that the file is gone and was shipped whole: its last place stays true.
        if (value === null || String(key).endsWith(startMarkerKey(''))) continue;
        const record = { topic: topics.shipperCheckpoints.name, key: String(key), offset };
        const place = parseCheckpoint(record, value, (json) => shipperCheckpointSchema.parse(json));
        if (formatNameOf(place) !== dataset.name) continue;
        const { host, generation, generationStart: start, offset: upto } = place;
        extents.set(`${host}/${generation}`, { host, start, upto });
      }
    },
  });
  return extents;
}

/** Waits until the frontier of each file is where its shipper was. @returns all frontiers. */
async function waitUntilArrived(
  dataset: LogDataset,
  shipped: Extents,
  { api, pollMs, signal, timeoutMs, note }: Omit<CoverageOptions, 'kafka'>,
): Promise<Extents> {
  const late = AbortSignal.timeout(timeoutMs);
  note(`${dataset.shortName}: waiting for what was shipped of ${shipped.size} files`);
  for (;;) {
    const frontiers = await readFrontiers(dataset, { api, signal });
    const isCovered = [...shipped].every(
      ([file, { upto }]) => (frontiers.get(file)?.upto ?? 0) >= upto,
    );
    if (isCovered || late.aborted) return frontiers;
    await abortableSleep(pollMs, AbortSignal.any([signal, late])).catch(() => undefined);
    signal.throwIfAborted();
  }
}

async function readFrontiers(
  dataset: LogDataset,
  { api, signal }: Pick<CoverageOptions, 'api' | 'signal'>,
): Promise<Extents> {
  const rows = await api.query(frontiersSql(dataset), { signal }).then(
    (answer) => answer.rows,
    (error: unknown): WarehouseRow[] => {
      // Before the loader's first start its tables are not there.
      if (findPipelineError(error)?.code === 'WH_5001') return [];
      throw error;
    },
  );
  return new Map(
    rows.map((row) => {
      const host = textOf(row['host']);
      const place = { host, start: numberOf(row['generation_start']), upto: numberOf(row['upto']) };
      return [`${host}/${textOf(row['generation'])}`, place];
    }),
  );
}

/** Compares arrivals, state and books in one transaction. */
async function compare(
  dataset: LogDataset,
  { api, signal }: Pick<CoverageOptions, 'api' | 'signal'>,
  differences: DifferenceList,
): Promise<{ readonly books: Books; readonly days: ReadonlyMap<string, Books> }> {
  const statements = [untiledSql, miscountedSql, dayBooksSql, unreadableSql];
  const evidence = logEvidence(dataset);
  const { id } = await api.runBatch(
    {
      name: 'careplus-verify',
      token: randomUUID(),
      statements: [...statements.map((statement) => statement(dataset)), ...evidence.statements],
    },
    { signal },
  );
  const rowsOf = async (statement: (of: LogDataset) => string) =>
    (await api.result(`${id}:${statements.indexOf(statement) + 1}`, { signal })).rows;

  for (const row of await rowsOf(untiledSql)) {
    const [expected, found] = [numberOf(row['covered']), numberOf(row['arrived'])];
    const kind = found < expected ? 'missing-range' : 'range-twice';
    const key = `${textOf(row['host'])}/${textOf(row['generation'])}`;
    differences.add({ kind, key, expected, found });
  }
  let unexplained = 0;
  for (const row of await rowsOf(miscountedSql)) {
    const surplus = numberOf(row['surplus']);
    unexplained += Math.abs(surplus);
    const kind = surplus > 0 ? 'surplus-row' : 'missing-row';
    differences.add({ kind, key: textOf(row['entry_id']), expected: 0, found: surplus });
  }
  const days = new Map<string, Books>();
  for (const row of await rowsOf(dayBooksSql)) {
    const [day, others] = [textOf(row['day']), numberOf(row['other_rules'])];
    days.set(day, bookOf(row));
    if (others === 0) continue;
    const expected = dataset.rulesVersion;
    differences.add({ kind: 'rules-version', key: day, expected, found: `${others} entries` });
  }
  unexplained += await evidence.check(
    async (statement) =>
      (await api.result(`${id}:${statements.length + 1 + statement}`, { signal })).rows,
    differences,
  );
  const blocks = numberOf((await rowsOf(unreadableSql))[0]?.['blocks'] ?? 0);
  if (blocks > 0) {
    const of = days.get('unknown') ?? emptyBooks;
    const dead_lettered = of.dead_lettered + blocks;
    days.set('unknown', { ...of, read: of.read + blocks, dead_lettered });
  }
  const books = [...days.values()].reduce(add, emptyBooks);
  return { books: { ...books, unexplained }, days };
}

function bookOf(row: WarehouseRow): Books {
  return {
    ...emptyBooks,
    read: numberOf(row['copies_read']),
    shown: numberOf(row['shown']),
    repeats: numberOf(row['repeats']),
    quarantined: numberOf(row['quarantined']),
    quarantined_repeats: numberOf(row['quarantined_repeats']),
    dead_lettered: numberOf(row['dead_lettered']),
  };
}

function add(sum: Books, day: Books): Books {
  const terms = Object.keys(emptyBooks) as (keyof Books)[];
  return { ...sum, ...Object.fromEntries(terms.map((term) => [term, sum[term] + day[term]])) };
}

/** The result as `careplus verify --json` writes it. */
export function summaryOfArrived(dataset: LogDataset, result: ArrivedLogs): LogVerification {
  const { books, differences, hosts, files, bytes } = result;
  return {
    dataset: dataset.shortName,
    ok: differences.total === 0,
    ...books,
    source: hosts.join(', '),
    compared_with: 'arrivals',
    ...{ files, bytes, gone_files: 0, gone_entries: 0, cut_entries: 0 },
    rules_version: dataset.rulesVersion,
    differences_total: differences.total,
  };
}
