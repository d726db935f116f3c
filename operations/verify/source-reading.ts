import type { CleanValue, RawImage, TableDataset } from '../../schemas/datasets/dataset.ts';
import { imageId, keyHash } from '../../schemas/image-identity.ts';

/** One distinct row of the source table, and what the current rules make of it. */
export interface SourceImage {
  /** The raw key, such as the ticket id. */
  readonly key: string | null;
  readonly keyHash: string;
  /** How many identical rows the table holds. */
  readonly copies: number;
  /** Whether this row counts for its key: greatest rank, then greatest image id. */
  readonly latest: boolean;
  readonly day: string;
  readonly verdict: ExpectedVerdict;
}

/** Texts, not objects: a million of these are held at once. */
export type ExpectedVerdict =
  /** `cells`: JSON of the clean values, in the order of the dataset's clean columns. */
  | { readonly accepted: true; readonly cells: string }
  | { readonly accepted: false; readonly reasons: string };

export interface SourceReading {
  /** Rows of the table. */
  readonly rows: number;
  /** By image id. */
  readonly images: ReadonlyMap<string, SourceImage>;
}

const REASONS_MAX_BYTES = 2048;

/**
 * Counts the rows of a table as a multiset and judges each distinct one by the current rules.
 * Own counting and own choice of the row that counts; only the rules are shared with the pipeline.
 */
export async function readSource(
  dataset: TableDataset,
  rows: AsyncIterable<RawImage> | Iterable<RawImage>,
): Promise<SourceReading> {
  type Entry = { -readonly [Field in keyof SourceImage]: SourceImage[Field] } & { rank: number };
  const images = new Map<string, Entry>();
  let count = 0;
  for await (const raw of rows) {
    count += 1;
    const id = imageId(dataset.mapping.map(({ field }) => raw[field] ?? null));
    const known = images.get(id);
    if (known) {
      known.copies += 1;
      continue;
    }
    const key = raw[dataset.keyField] ?? null;
    images.set(id, {
      key,
      keyHash: keyHash(key, id),
      copies: 1,
      latest: false,
      rank: dataset.rank(raw),
      day: dataset.bookDay(raw),
      verdict: expectedVerdict(dataset, raw),
    });
  }
  const latest = new Map<string, readonly [string, Entry]>();
  for (const [id, image] of images) {
    const best = latest.get(image.keyHash);
    const wins =
      best === undefined ||
      image.rank > best[1].rank ||
      (image.rank === best[1].rank && id > best[0]);
    if (wins) latest.set(image.keyHash, [id, image]);
  }
  for (const [, image] of latest.values()) image.latest = true;
  return { rows: count, images };
}

function expectedVerdict(dataset: TableDataset, raw: RawImage): ExpectedVerdict {
  const verdict = dataset.judge(raw);
  if (!verdict.accepted) {
    return {
      accepted: false,
      reasons: warehouseText(verdict.reasons.join(','), REASONS_MAX_BYTES),
    };
  }
  const cells = dataset.cleanColumns.map((column): CleanValue => {
    const value = verdict.clean[column.name] ?? null;
    return column.type === 'text' && typeof value === 'string'
      ? warehouseText(value, column.maxBytes)
      : value;
  });
  return { accepted: true, cells: JSON.stringify(cells) };
}

/** A text as the warehouse can hold it: NUL replaced by U+FFFD, whole characters within the width. */
function warehouseText(text: string, maxBytes: number): string {
  const replaced = text.replaceAll('\0', '\ufffd');
  if (Buffer.byteLength(replaced) <= maxBytes) return replaced;
  let bytes = 0;
  let kept = '';
  for (const character of replaced) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    kept += character;
  }
  return kept;
}
