import { z } from 'zod';
import type { Bucket } from '../../runtime/s3/bucket.ts';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import {
  ERASED_RULES_VERSION,
  erasedRow,
  isErased,
  type Erasure,
} from '../../schemas/erased-image.ts';
import { rewrite, type FoundObjects } from './rewriting.ts';
import type { StoredObjects } from './stored-object.ts';

/** A line that Firehose writes of a row that it could not convert (developer guide, "Handling errors"). */
const failureSchema = z.looseObject({ rawData: z.string() });
const rowSchema = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));

/** Finds the ticket's rows among those that Firehose could not convert, and erases them. */
export async function eraseFailures(parts: {
  readonly bucket: Bucket;
  readonly store: StoredObjects;
  readonly dataset: TableDataset;
  readonly erasures: readonly Erasure[];
  readonly execute: boolean;
  readonly signal: AbortSignal;
}): Promise<FoundObjects> {
  const { bucket, store, dataset, erasures, execute, signal } = parts;
  const prefix = `${dataset.name}/errors/`;
  const total = { objects: 0, found: 0 };
  for (const key of await bucket.keys(prefix, signal)) {
    const object = await store.get(key, signal);
    if (!object) continue;
    const { found } = erasedFailures(object.bytes, erasures);
    if (found === 0) continue;
    total.objects += 1;
    total.found += found;
    if (!execute) continue;
    await rewrite(store, key, async ({ bytes }) => erasedFailures(bytes, erasures).bytes, signal);
  }
  return { prefix, ...total, waiting: [], unreadable: [] };
}

function erasedFailures(bytes: Buffer, erasures: readonly Erasure[]) {
  let found = 0;
  const lines = bytes.toString('utf8').split('\n');
  const erased = lines.map((line) => {
    const failure = parsed(failureSchema, line);
    const row = failure && parsed(rowSchema, Buffer.from(failure.rawData, 'base64').toString());
    if (!row || row['rules_version'] === ERASED_RULES_VERSION) return line;
    const image = {
      ...{ source: String(row['source']), epoch: Number(row['epoch']), seq: Number(row['seq']) },
    };
    const isOf = ({ keyHash }: Erasure) => row['key_hash'] === keyHash;
    if (!erasures.some((each) => isOf(each) && isErased(each, image))) return line;
    found += 1;
    const rawData = Buffer.from(JSON.stringify(erasedRow(row))).toString('base64');
    return JSON.stringify({ ...failure, rawData });
  });
  return { found, bytes: Buffer.from(erased.join('\n')) };
}

function parsed<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
