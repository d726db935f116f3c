import { PipelineError } from '../../runtime/pipeline-error.ts';
import type { StoredObject, StoredObjects } from './stored-object.ts';

/** What was found under one prefix of the lake. */
export interface FoundObjects {
  readonly prefix: string;
  readonly objects: number;
  /** Rows, or records, that have content of the ticket. */
  readonly found: number;
  /** Objects with such rows that the loader has not taken yet: they stay as they are. */
  readonly waiting: readonly string[];
  /** Objects that cannot be read. */
  readonly unreadable: readonly string[];
}

const MAX_ATTEMPTS = 5;

/**
 * Changes an object until nobody came between.
 *
 * @param change gives the new bytes, or undefined where nothing is left to change.
 */
export async function rewrite(
  store: StoredObjects,
  key: string,
  change: (object: StoredObject) => Promise<Buffer | undefined>,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const object = await store.get(key, signal);
    const bytes = object && (await change(object));
    if (!object || !bytes) return undefined;
    const etag = await store.replace(key, object, bytes, signal);
    if (etag !== undefined) return etag;
  }
  throw new PipelineError('LAKE_4002', `${key} is changed by another writer all the time`, {
    retryable: true,
  });
}
