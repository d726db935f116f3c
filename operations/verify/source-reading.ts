import type { RawImage, TableDataset } from '../../schemas/datasets/dataset.ts';
import { imageId } from '../../schemas/image-identity.ts';
import { expectationOf, type SetAside } from './expectation.ts';
import type { JudgedImage } from './judged-row.ts';

/** One distinct row of the source table, and what the current rules make of it. */
export interface SourceImage extends JudgedImage {
  /** The raw key, such as the ticket id. */
  readonly key: string | null;
  /** How many identical rows the table holds. */
  readonly copies: number;
  /** Whether this row counts for its key: greatest rank, then greatest image id. */
  readonly latest: boolean;
}

export interface SourceReading {
  /** Rows of the table. */
  readonly rows: number;
  /** By image id. */
  readonly images: ReadonlyMap<string, SourceImage>;
}

type Entry = { -readonly [Field in keyof SourceImage]: SourceImage[Field] };

/**
 * Counts the rows of a table as a multiset and judges each distinct one by the current rules.
 * Own counting and own choice of the row that counts; only the rules are shared with the pipeline.
 */
export async function readSource(
  dataset: TableDataset,
  rows: AsyncIterable<RawImage> | Iterable<RawImage>,
): Promise<SourceReading> {
  const fields = dataset.mapping.map(({ field }) => field);
  const images = new Map<string, Entry>();
  /** Id of the image that counts, by key. */
  const latest = new Map<string, string>();
  const interned = new Map<string, string>();
  const intern = (text: string) => {
    const known = interned.get(text);
    if (known === undefined) interned.set(text, text);
    return known ?? text;
  };
  let count = 0;
  for await (const raw of rows) {
    count += 1;
    const id = unsliced(imageId(fields.map((field) => raw[field] ?? null)));
    const known = images.get(id);
    if (known) {
      known.copies += 1;
      continue;
    }
    const key = raw[dataset.keyField] ?? null;
    const judged = judgeImage(dataset, raw);
    const { accepted, expected } = judged;
    const image: Entry = {
      ...judged,
      key,
      copies: 1,
      latest: true,
      day: intern(judged.day),
      expected: accepted ? expected : intern(expected),
    };
    images.set(id, image);
    // A row without a key stands for itself.
    if (key === null || key === '') continue;
    const bestId = latest.get(key);
    const best = bestId === undefined ? undefined : images.get(bestId);
    if (best === undefined || bestId === undefined || isGreater(image, id, best, bestId)) {
      latest.set(key, id);
      if (best) best.latest = false;
    } else {
      image.latest = false;
    }
  }
  return { rows: count, images };
}

/** What the current rules make of an image. */
export function judgeImage(dataset: TableDataset, raw: RawImage): JudgedImage {
  const { cleanColumns, keyField, judge, rank, bookDay } = dataset;
  const key = raw[keyField] ?? null;
  return {
    ...expectationOf(cleanColumns, keyField, judge(raw), () => setAside(key, raw)),
    rank: rank(raw),
    day: bookDay(raw),
  };
}

function setAside(key: string | null, raw: RawImage): SetAside {
  const original = JSON.stringify(raw);
  return { key, original, encoding: 'utf8', bytes: Buffer.byteLength(original) };
}

function isGreater(image: Entry, id: string, best: Entry, bestId: string): boolean {
  return image.rank > best.rank || (image.rank === best.rank && id > bestId);
}

/** A hash cut from a longer text keeps that text in memory; this does not. */
function unsliced(hash: string): string {
  return Buffer.from(hash, 'latin1').toString('latin1');
}
