import type { RawImage, TableDataset } from '../../schemas/datasets/dataset.ts';
import { imageId, keyHash, unreadableImageId } from '../../schemas/image-identity.ts';
import { ORIGINAL_MAX_BYTES, UNREADABLE_RANK, type ImageKind } from '../../schemas/image-row.ts';
import { erasedRow, type ErasedImages } from '../../schemas/erased-image.ts';
import type { LakeRow } from '../batch-processor.ts';
import { cleanColumns, keyColumn } from '../clean-columns.ts';
import { fitText } from '../text-limits.ts';
import type { ChangeNumbers } from './change-headers.ts';

/** Where a record stood and when: evidence beside the numbers. */
export interface Evidence {
  readonly partition: number;
  readonly offset: number;
  readonly gtid: string | null;
  readonly committedMs: number;
  readonly readAtMs: number;
}

/** The images of one readable record: what goes and what comes, each with its mapped fields. */
export interface ReadableImages {
  readonly before: RawImage | null;
  readonly after: RawImage | null;
  /** Those that were erased: what is left of them is the hash of their key. */
  readonly erased?: ErasedImages;
}

/**
 * The lake rows of one readable record: one per number. Pure; the verdict depends on the image
 * and the rules version alone.
 */
export function imageRows(
  dataset: TableDataset,
  numbers: ChangeNumbers,
  images: ReadableImages,
  evidence: Evidence,
): LakeRow[] {
  const { op, seq, transactionEnd } = numbers;
  if (op === 't' || op === 'e') return [markerRow(op === 't' ? 'T' : 'E', numbers, evidence)];
  const row = (side: 'before' | 'after', at: number, ends: boolean): LakeRow => {
    const kept = {
      ...identity(numbers, side === 'before' ? '-' : '+', at, ends),
      ...evidenceColumns(evidence),
    };
    const [raw, keyOfErased] = [images[side], images.erased?.[side]];
    if (raw) return { ...kept, ...judgement(dataset, raw) };
    if (keyOfErased === undefined) throw new TypeError(`a change of kind ${op} lacks its images`);
    return erasedRow({ ...kept, key_hash: keyOfErased });
  };
  if (op === 'u') return [row('before', seq, false), row('after', seq + 1, transactionEnd)];
  return [row(op === 'd' ? 'before' : 'after', seq, transactionEnd)];
}

/**
 * The rows of a record whose bytes cannot be read: one numbered marker per image, so that the
 * sequence stays whole. A barrier and a snapshot end need no body.
 *
 * @param key the Kafka key as text: the ticket, or null where the record carried none.
 */
export function unreadableRows(
  dataset: TableDataset,
  numbers: ChangeNumbers,
  key: string | null,
  evidence: Evidence,
): LakeRow[] {
  if (numbers.op === 't' || numbers.op === 'e') return imageRows(dataset, numbers, none, evidence);
  const ownKey = key === numbers.source ? null : key;
  return Array.from({ length: numbers.images }, (_, index) => {
    const seq = numbers.seq + index;
    const id = unreadableImageId(seq);
    return {
      ...identity(numbers, 'X', seq, numbers.transactionEnd && index === numbers.images - 1),
      key_hash: keyHash(ownKey, id),
      image_id: id,
      rank: UNREADABLE_RANK,
      rules_version: 0,
      accepted: 0,
      ...keyColumn(dataset.cleanColumns, dataset.keyField, ownKey),
      reasons: 'record:unreadable',
      book_day: 'unknown',
      ...evidenceColumns(evidence),
    };
  });
}

/**
 * The row that keeps the number of an image whose own row the lake refuses: as of a record that
 * cannot be read. A barrier or a snapshot end does something that nothing can stand in for.
 */
export function placeholderRow(dataset: TableDataset, row: LakeRow): LakeRow | undefined {
  if (row['kind'] !== '+' && row['kind'] !== '-') return undefined;
  const kept = ['source', 'epoch', 'seq', 'tx_end', 'key_hash', dataset.keyField, ...EVIDENCE];
  return {
    ...Object.fromEntries(kept.map((column) => [column, row[column] ?? null])),
    kind: 'X' satisfies ImageKind,
    image_id: unreadableImageId(Number(row['seq'])),
    rank: UNREADABLE_RANK,
    rules_version: 0,
    accepted: 0,
    reasons: 'record:refused',
    book_day: 'unknown',
  };
}

const none: ReadableImages = { before: null, after: null };

function identity(numbers: ChangeNumbers, kind: ImageKind, seq: number, ends: boolean) {
  return { source: numbers.source, epoch: numbers.epoch, seq, tx_end: ends ? 1 : 0, kind };
}

function markerRow(kind: 'T' | 'E', numbers: ChangeNumbers, evidence: Evidence): LakeRow {
  return {
    ...identity(numbers, kind, numbers.seq, numbers.transactionEnd),
    key_hash: '',
    image_id: '',
    rank: 0,
    rules_version: 0,
    accepted: 0,
    ...evidenceColumns(evidence),
  };
}

const EVIDENCE = ['gtid', 'committed_ms', 'read_at_ms', 'kafka_partition', 'kafka_offset'];

function evidenceColumns(evidence: Evidence) {
  return {
    gtid: evidence.gtid,
    committed_ms: evidence.committedMs,
    read_at_ms: evidence.readAtMs,
    kafka_partition: evidence.partition,
    kafka_offset: evidence.offset,
  };
}

function judgement(dataset: TableDataset, raw: RawImage) {
  const id = imageId(dataset.mapping.map(({ field }) => raw[field] ?? null));
  const key = raw[dataset.keyField] ?? null;
  const verdict = dataset.judge(raw);
  const shared = {
    key_hash: keyHash(key, id),
    image_id: id,
    rank: dataset.rank(raw),
    rules_version: dataset.rulesVersion,
    book_day: dataset.bookDay(raw),
  };
  if (verdict.accepted) {
    return { ...shared, accepted: 1, ...cleanColumns(dataset.cleanColumns, verdict.clean) };
  }
  const original = JSON.stringify(raw);
  return {
    ...shared,
    accepted: 0,
    ...keyColumn(dataset.cleanColumns, dataset.keyField, key),
    reasons: fitText(verdict.reasons.join(','), 2048).text,
    original: fitText(original, ORIGINAL_MAX_BYTES).text,
    original_bytes: Buffer.byteLength(original, 'utf8'),
  };
}
