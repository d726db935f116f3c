import { randomUUID } from 'node:crypto';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import { StatementFailedError } from '../../runtime/redshift/data-api-errors.ts';
import type { DataApi, WarehouseRow } from '../../runtime/redshift/data-api.ts';
import { quoteText, sqlInteger, sqlName } from '../../runtime/sql/quoting.ts';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import { ERASED_RULES_VERSION, erasedColumns, type Erasure } from '../../schemas/erased-image.ts';
import { imageTables } from '../../warehouse-loader/image-statements.ts';

/** An image of the ticket's history. */
export interface HistoryImage {
  readonly source: string;
  readonly epoch: number;
  readonly seq: number;
  readonly erased: boolean;
  readonly partition: number | null;
  readonly offset: bigint | null;
  readonly readAtMs: number | null;
}

/** What the warehouse knows of a ticket that is gone. */
export interface GoneTicket {
  readonly images: readonly HistoryImage[];
  /** Of each source that has images of it: all up to its frontier. */
  readonly erasures: readonly Erasure[];
}

/**
 * Reads a ticket's history, in one statement, so that history and frontier belong together.
 *
 * @throws {PipelineError} WH_5006 while the ticket lives in the warehouse, WH_5007 while something
 *   of it is on its way.
 */
export async function readGoneTicket(
  api: DataApi,
  dataset: TableDataset,
  keyHash: string,
  signal: AbortSignal,
): Promise<GoneTicket> {
  const { rows } = await api.query(ticketQuery(dataset, keyHash), { signal });
  const of = (what: string) => rows.filter((row) => row['what'] === what);
  const images = of('image').map(imageOf);
  const [live, period] = [of('state').length, of('period').length];
  if (live + period > 0) {
    const found = `${live} of its rows count and it has ${period} periods`;
    throw new PipelineError('WH_5006', `the ticket lives in the warehouse: ${found}`);
  }
  const waiting = of('pending').length;
  if (waiting > 0) {
    throw new PipelineError('WH_5007', `${waiting} changes of the ticket wait for their turn`);
  }
  const shown = new Map(of('frontier').map((row) => [String(row['source']), row]));
  const bySource = Map.groupBy(images, ({ source }) => source);
  const erasures = Array.from(bySource, ([source, ofSource]): Erasure => {
    const frontier = shown.get(source);
    const epoch = Number(frontier?.['epoch'] ?? 0);
    if (ofSource.some((image) => image.epoch > epoch)) {
      throw new PipelineError(
        'WH_5007',
        `a snapshot of ${source} is under way, with the ticket in it`,
      );
    }
    return { keyHash, source, epoch, seq: Number(frontier?.['seq']) };
  });
  return { images, erasures };
}

function ticketQuery(dataset: TableDataset, keyHash: string): string {
  const t = imageTables(dataset);
  const none = (names: readonly string[]) => names.map((name) => `CAST(NULL AS BIGINT) AS ${name}`);
  const evidence = ['kafka_partition', 'kafka_offset', 'read_at_ms'];
  const part = (what: string, columns: readonly string[], from: string) =>
    `SELECT CAST('${what}' AS VARCHAR(16)) AS what, q.source, ${columns.join(', ')} FROM ${from}`;
  const numbers = (seq: string) => ['q.epoch', `q.${seq} AS seq`, '0 AS rules_version'];
  const ofKey = `q WHERE q.key_hash = ${quoteText(keyHash)}`;
  const periods = dataset.lifecycle
    ? [
        part(
          'period',
          [...numbers('seq'), ...none(evidence)],
          `careplus.${sqlName(dataset.entity)}_periods ${ofKey}`,
        ),
      ]
    : [];
  return [
    part('frontier', [...numbers('seq'), ...none(evidence)], `${t.frontier} q WHERE q.shown = 1`),
    part('state', [...numbers('event_seq'), ...none(evidence)], `${t.state} ${ofKey}`),
    part('pending', [...numbers('seq'), ...none(evidence)], `${t.pending} ${ofKey}`),
    ...periods,
    part(
      'image',
      ['q.epoch', 'q.seq', 'q.rules_version', ...evidence.map((name) => `q.${name}`)],
      `${t.changes} ${ofKey}`,
    ),
  ].join('\nUNION ALL ');
}

function imageOf(row: WarehouseRow): HistoryImage {
  const number = (name: string) => (row[name] == null ? null : Number(row[name]));
  const offset = number('kafka_offset');
  return {
    source: String(row['source']),
    epoch: Number(row['epoch']),
    seq: Number(row['seq']),
    erased: Number(row['rules_version']) === ERASED_RULES_VERSION,
    partition: number('kafka_partition'),
    offset: offset === null ? null : BigInt(offset),
    readAtMs: number('read_at_ms'),
  };
}

/** The images of an erasure, as a condition over the columns of a row. */
export function erasureCondition(erasures: readonly Erasure[]): string {
  return erasures
    .map(({ keyHash, source, epoch, seq }) => {
      const upTo = `(epoch < ${sqlInteger(epoch)} OR (epoch = ${sqlInteger(epoch)} AND seq <= ${sqlInteger(seq)}))`;
      return `(key_hash = ${quoteText(keyHash)} AND source = ${quoteText(source)} AND ${upTo})`;
    })
    .join(' OR ');
}

const MAX_ATTEMPTS = 5;

/**
 * Erases the images in the history. A batch of the loader that judges one of them at the same time
 * is a conflict, and it is tried again.
 */
export async function eraseHistory(
  api: DataApi,
  dataset: TableDataset,
  erasures: readonly Erasure[],
  signal: AbortSignal,
): Promise<void> {
  const { changes } = imageTables(dataset);
  const columns = erasedColumns(dataset).map(([name, value]) => `${name} = ${value}`);
  const sql = `UPDATE ${changes} SET ${columns.join(', ')}
WHERE (${erasureCondition(erasures)}) AND rules_version <> ${ERASED_RULES_VERSION}`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const name = `forget-${dataset.entity}`;
      await api.runBatch({ name, statements: [sql], token: randomUUID() }, { signal });
      return;
    } catch (error) {
      const isConflict = error instanceof StatementFailedError && error.retryable;
      if (!isConflict || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}
