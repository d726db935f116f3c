import type { TableDataset } from './datasets/dataset.ts';
import { imageRowColumns, type ImageKind } from './image-row.ts';

/**
 * What is left of an image that was erased (`careplus forget`): its numbers, its sign, the hash of
 * its key and where it stood. It keeps its place in the sequence and has no content any more.
 */

/** The highest INTEGER: the highest rules version wins, so no later judgement replaces an erased image. */
export const ERASED_RULES_VERSION = 2_147_483_647;

/**
 * Image id of every erased image: its own is a hash from which so little content could be guessed.
 * All of a key share it, so that what came and what went still cancel out.
 */
const ERASED_IMAGE_ID = 'erased';

const ERASED_REASONS = 'record:erased';

const KEPT = [
  ...['source', 'epoch', 'seq', 'tx_end', 'kind', 'key_hash'],
  ...['gtid', 'committed_ms', 'read_at_ms', 'kafka_partition', 'kafka_offset'],
];

/** A row of the lake, by column name. */
type Row = Readonly<Record<string, string | number | null>>;

/** What the columns of an erased image hold that do not stay as they were. */
function contentOf(kind: unknown, imageId: unknown) {
  return {
    // One that could not be read is named by its number, never by content.
    image_id: kind === ('X' satisfies ImageKind) ? imageId : ERASED_IMAGE_ID,
    rank: 0,
    rules_version: ERASED_RULES_VERSION,
    accepted: 0,
    reasons: ERASED_REASONS,
  };
}

/** An image's row without its content; the columns that are left out are NULL. */
export function erasedRow(row: Row): Row {
  const kept = KEPT.map((name) => [name, row[name] ?? null] as const);
  return { ...Object.fromEntries(kept), ...contentOf(row['kind'], row['image_id'] ?? null) } as Row;
}

/**
 * The same in SQL, for Redshift and DuckDB: the columns that change, each with an expression over
 * the row's own columns.
 */
export function erasedColumns(dataset: TableDataset): readonly (readonly [string, string])[] {
  const expressions: Readonly<Record<string, string>> = {
    image_id: `CASE WHEN kind = 'X' THEN image_id ELSE '${ERASED_IMAGE_ID}' END`,
    rank: '0',
    rules_version: String(ERASED_RULES_VERSION),
    accepted: '0',
    reasons: `'${ERASED_REASONS}'`,
  };
  return imageRowColumns(dataset)
    .filter(({ name }) => !KEPT.includes(name))
    .map(({ name }) => [name, expressions[name] ?? 'NULL'] as const);
}

/** Which images of one key of one source are erased: all up to this number, older epochs included. */
export interface Erasure {
  readonly keyHash: string;
  readonly source: string;
  readonly epoch: number;
  readonly seq: number;
}

/** Whether an image is among them. */
export function isErased(
  { source, epoch, seq }: Erasure,
  image: { readonly source: string; readonly epoch: number; readonly seq: number },
): boolean {
  const isOlder = image.epoch < epoch || (image.epoch === epoch && image.seq <= seq);
  return image.source === source && isOlder;
}

/** The names of the objects under it tell what is erased, their content only since when. */
export function erasuresPrefix(dataset: { readonly name: string }): string {
  return `_loader/erased/${dataset.name}/`;
}

export function erasureKey(
  dataset: { readonly name: string },
  { keyHash, source, epoch, seq }: Erasure,
): string {
  return `${erasuresPrefix(dataset)}${keyHash}/${epoch}-${seq}-${encodeURIComponent(source)}`;
}

const NAME = /^([0-9a-f]{32})\/(\d{1,15})-(\d{1,15})-([^/]+)$/;

/** @returns what a key tells, or undefined for any other key. */
export function parseErasureKey(
  dataset: { readonly name: string },
  key: string,
): Erasure | undefined {
  const prefix = erasuresPrefix(dataset);
  if (!key.startsWith(prefix)) return undefined;
  const [, keyHash, epoch, seq, name] = NAME.exec(key.slice(prefix.length)) ?? [];
  if (keyHash === undefined || name === undefined) return undefined;
  try {
    return { keyHash, source: decodeURIComponent(name), epoch: Number(epoch), seq: Number(seq) };
  } catch {
    return undefined;
  }
}

/**
 * Header of an archived record whose content was erased: JSON, the hash of the key of each image
 * that is gone from it. Its value is the record without these images; what could not be read has no
 * value any more.
 */
export const ERASED_HEADER = 'careplus-erased';

/** By image: the hash of its key. */
export interface ErasedImages {
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}
