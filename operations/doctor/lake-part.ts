import type { Config } from '../../runtime/config/config-schema.ts';
import { openBucket } from '../../runtime/s3/bucket.ts';
import { createS3Client } from '../../runtime/s3/s3-client.ts';
import { allDatasets } from '../../schemas/datasets/registry.ts';
import { processedPrefix } from '../../schemas/lake-layout.ts';
import { rawPrefix } from '../../schemas/raw-archive.ts';
import { good, type Part } from './finding.ts';

/** The lake's bucket: that it is there and can be listed where the pipeline writes. */
export function lakePart({ aws }: Config): Part {
  return {
    name: 'lake',
    async look(signal) {
      const client = createS3Client(aws);
      try {
        const bucket = openBucket(client, aws.bucket);
        for (const dataset of allDatasets) {
          await bucket.folders(processedPrefix(dataset), signal);
          await bucket.folders(rawPrefix(dataset), signal);
        }
        return [good(`s3://${aws.bucket} can be listed`)];
      } finally {
        client.destroy();
      }
    },
  };
}
