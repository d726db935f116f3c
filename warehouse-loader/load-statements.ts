import type { AnyDataset } from '../schemas/datasets/any-dataset.ts';
import { planOf } from './load-plan.ts';
import { COPIED, LISTED, type LoadStatement } from './load-statement.ts';
import { quoteText, sqlInteger } from '../runtime/sql/quoting.ts';

/** An object of the lake, as its listing shows it. */
export interface LakeObject {
  readonly key: string;
  /** Without quotes. */
  readonly etag: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** A batch of one dataset's objects, ready to be loaded. */
export interface LoadBatch {
  readonly dataset: AnyDataset;
  /** 32 hex digits over the objects' keys and ETags. */
  readonly batchId: string;
  readonly objects: readonly LakeObject[];
}

export interface LoadTarget {
  /** This loader's token: it stands in `ops.loader` until another loader takes over. */
  readonly token: string;
  /** `s3://bucket/key` of the COPY manifest. */
  readonly manifestUrl: string;
  readonly copyRoleArn: string;
}

/** What the ledger says of an object that was not loaded. */
export interface SetAside {
  readonly object: LakeObject;
  readonly outcome: 'quarantined' | 'foreign';
  readonly reason: string;
}

/** Limits of BatchExecuteStatement (Redshift management guide, "Using the Data API"). */
export const MAX_STATEMENTS = 40;
export const MAX_STATEMENT_BYTES = 100_000;
/** Keeps the ledger's statement under {@link MAX_STATEMENT_BYTES} with the longest keys that are loaded. */
export const MAX_OBJECTS = 200;

/** Of a batch's identity: hex digits. */
export const BATCH_ID_LENGTH = 32;
/** More than what stands around the rows of the ledger's statement. */
const ROOM_FOR_COLUMNS = 1_000;

/** Name of the step whose failure can be an object's fault. */
export const COPY_STEP = 'copy';
/** Name of the step at which a loader that was replaced fails. */
export const FENCE_STEP = 'fence';

/**
 * The whole transaction of one batch. LOCK comes first of all: the snapshot of a transaction is
 * taken at its first SELECT or change, and must be taken behind the lock.
 */
export function loadStatements(batch: LoadBatch, target: LoadTarget): LoadStatement[] {
  const { dataset, batchId, objects } = batch;
  const plan = planOf(dataset);
  const loaded = objects.map((object) => ledgerRow(object, batchId, 'loaded', null));
  return [
    ...openTransaction(dataset, batchId, target.token),
    ...ledgerStatements(dataset, loaded),
    ...copyStatements(dataset, target),
    ...plan.statements(batchId),
  ];
}

/** From the lake into a temporary table of what was copied. */
export function copyStatements(
  dataset: AnyDataset,
  { manifestUrl, copyRoleArn }: Omit<LoadTarget, 'token'>,
): LoadStatement[] {
  const { tables: t } = planOf(dataset);
  return [
    { step: 'copy target', sql: `CREATE TEMP TABLE ${COPIED} (LIKE ${t.stage})` },
    {
      step: COPY_STEP,
      sql: `COPY ${COPIED} FROM ${quoteText(manifestUrl)} IAM_ROLE ${quoteText(copyRoleArn)} FORMAT AS PARQUET MANIFEST`,
    },
  ];
}

/** Writes objects that are not loaded into the ledger, so that no start finds them as new. */
export function setAsideStatements(
  dataset: AnyDataset,
  batchId: string,
  token: string,
  objects: readonly SetAside[],
): LoadStatement[] {
  const rows = objects.map(({ object, outcome, reason }) =>
    ledgerRow(object, batchId, outcome, reason),
  );
  return [
    ...openTransaction(dataset, batchId, token),
    ...ledgerStatements(dataset, rows),
    { step: 'drop ledger rows', sql: `DROP TABLE ${LISTED}` },
  ];
}

/** The first of these objects whose rows fit into one statement of {@link setAsideStatements}; one at least. */
export function takeFitting(objects: readonly SetAside[]): readonly SetAside[] {
  let room = MAX_STATEMENT_BYTES - ROOM_FOR_COLUMNS;
  const end = objects.findIndex(({ object, outcome, reason }, index) => {
    const row = ledgerRow(object, '0'.repeat(BATCH_ID_LENGTH), outcome, reason);
    room -= Buffer.byteLength(row) + ',\n'.length;
    return room < 0 && index > 0;
  });
  return end === -1 ? objects : objects.slice(0, end);
}

/** Makes `token` the dataset's loader; the one before fails at its next fence. */
export function takeOverStatements(dataset: AnyDataset, token: string): LoadStatement[] {
  const name = quoteText(dataset.name);
  const value = quoteText(token);
  return [
    { step: 'lock', sql: 'LOCK TABLE ops.loader' },
    {
      step: 'first loader',
      sql: `INSERT INTO ops.loader (dataset, token, taken_at)
SELECT ${name}, ${value}, getdate() FROM (SELECT count(*) AS n FROM ops.loader WHERE dataset = ${name}) q WHERE q.n = 0`,
    },
    {
      step: 'take over',
      sql: `UPDATE ops.loader SET token = ${value}, taken_at = getdate() WHERE dataset = ${name}`,
    },
  ];
}

function openTransaction(dataset: AnyDataset, batchId: string, token: string): LoadStatement[] {
  const { tables: t } = planOf(dataset);
  return [
    { step: 'lock', sql: `LOCK TABLE ${t.ledger}` },
    {
      // Divides by zero when the token is no longer this loader's.
      step: FENCE_STEP,
      sql: `INSERT INTO ${t.batches} (batch_id, check_name, passed, loaded_at)
SELECT ${quoteText(batchId)}, 'fence', 1 / count(*), getdate() FROM ops.loader WHERE dataset = ${quoteText(dataset.name)} AND token = ${quoteText(token)}`,
    },
  ];
}

/** A repeated object changes nothing here either: the ledger keeps what it said first. */
function ledgerStatements(dataset: AnyDataset, rows: readonly string[]): LoadStatement[] {
  const { tables: t } = planOf(dataset);
  const columns = ['object_key', 'etag', 'bytes', 'batch_id', 'outcome', 'reason'];
  return [
    { step: 'ledger rows', sql: `CREATE TEMP TABLE ${LISTED} (LIKE ${t.ledger})` },
    {
      step: 'list objects',
      sql: `INSERT INTO ${LISTED} (${columns.join(', ')}) VALUES\n${rows.join(',\n')}`,
    },
    {
      step: 'write ledger',
      sql: `INSERT INTO ${t.ledger} (${columns.join(', ')})
SELECT ${columns.map((name) => `k.${name}`).join(', ')} FROM ${LISTED} k
LEFT JOIN ${t.ledger} l ON l.object_key = k.object_key WHERE l.object_key IS NULL`,
    },
  ];
}

function ledgerRow(
  object: LakeObject,
  batchId: string,
  outcome: string,
  reason: string | null,
): string {
  const values = [
    quoteText(withoutNul(object.key)),
    quoteText(object.etag),
    sqlInteger(object.bytes),
    quoteText(batchId),
    quoteText(outcome),
    reason === null ? 'NULL' : quoteText(cutToBytes(withoutNul(reason), 1024)),
  ];
  return `(${values.join(', ')})`;
}

/** Foreign keys may have it, warehouse texts cannot. */
const withoutNul = (text: string) => text.replaceAll('\0', '\uFFFD');

/** A text cut to what a VARCHAR of that many bytes holds, at a character's edge. */
export function cutToBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes;
  // 10xxxxxx continues a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
