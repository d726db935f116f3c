import type { WriterSchemas } from '../runtime/avro/writer-schemas.ts';
import type { Bucket } from '../runtime/s3/bucket.ts';
import { isTableDataset, type AnyDataset } from '../schemas/datasets/any-dataset.ts';
import type { BatchProcessor } from './batch-processor.ts';
import { createBlockBatchProcessor } from './logs/block-batch.ts';
import { byteNumbers } from './logs/byte-numbers.ts';
import type { Numbering } from './numbering.ts';
import { createChangeBatchProcessor } from './tables/change-batch.ts';
import { createErasures, withErasures } from './tables/erasures.ts';
import { imageNumbers } from './tables/image-numbers.ts';

/** How the records of a dataset become rows: the same for live records and for those sent again. */
export interface RecordProcessing {
  readonly processor: BatchProcessor;
  readonly numbering: Numbering;
}

export function recordProcessing(
  dataset: AnyDataset,
  schemas: Pick<WriterSchemas, 'lookup'>,
  bucket: Pick<Bucket, 'keys'>,
): RecordProcessing {
  if (!isTableDataset(dataset)) {
    return { processor: createBlockBatchProcessor({ dataset, schemas }), numbering: byteNumbers };
  }
  const processor = createChangeBatchProcessor({ dataset, schemas });
  const erasures = createErasures(dataset, bucket);
  return { processor: withErasures(processor, erasures), numbering: imageNumbers };
}
