import type { Bucket } from '../../runtime/s3/bucket.ts';
import {
  erasedRow,
  erasuresPrefix,
  isErased,
  parseErasureKey,
} from '../../schemas/erased-image.ts';
import type { BatchProcessor, LakeRow } from '../batch-processor.ts';

/** What `careplus forget` has erased of a table, as the names of objects in the lake tell it. */
export interface Erasures {
  /**
   * Whether the content of a row was erased; as of a listing not older than {@link REFRESH_MS}.
   *
   * @throws {PipelineError} LAKE_4002 while the lake cannot be listed for the first time.
   */
  current(signal: AbortSignal): Promise<(row: LakeRow) => boolean>;
}

/** Erasing is rare, and what it erases has been processed: only what is read again can meet it. */
const REFRESH_MS = 30_000;

export function createErasures(
  dataset: { readonly name: string },
  bucket: Pick<Bucket, 'keys'>,
  now: () => number = Date.now,
): Erasures {
  let known: { readonly test: (row: LakeRow) => boolean; readonly at: number } | undefined;

  return {
    async current(signal) {
      if (known && now() - known.at < REFRESH_MS) return known.test;
      const at = now();
      try {
        const keys = await bucket.keys(erasuresPrefix(dataset), signal);
        known = { test: rowTest(dataset, keys), at };
      } catch (error) {
        signal.throwIfAborted();
        if (!known) throw error;
        // What was erased stays so; what came since is looked for with the next batch.
      }
      return known.test;
    },
  };
}

function rowTest(dataset: { readonly name: string }, keys: readonly string[]) {
  const erasures = keys.flatMap((key) => parseErasureKey(dataset, key) ?? []);
  const byKey = Map.groupBy(erasures, ({ keyHash }) => keyHash);
  return (row: LakeRow): boolean => {
    const ofKey = byKey.get(String(row['key_hash']));
    if (!ofKey) return false;
    const [epoch, seq] = [Number(row['epoch']), Number(row['seq'])];
    return ofKey.some((each) => isErased(each, { source: String(row['source']), epoch, seq }));
  };
}

/** Makes rows without content of erased images, wherever their records come from. */
export function withErasures(processor: BatchProcessor, erasures: Erasures): BatchProcessor {
  return {
    async process(batch, signal) {
      const isErasedRow = await erasures.current(signal);
      const { rows, deadLetters } = await processor.process(batch, signal);
      return { rows: rows.map((row) => (isErasedRow(row) ? erasedRow(row) : row)), deadLetters };
    },
    placeholder: (row) => processor.placeholder(row),
  };
}
