import { listKeys } from '../runtime/s3/key-listing.ts';
import { createS3Client } from '../runtime/s3/s3-client.ts';
import { tableDatasets } from '../schemas/datasets/registry.ts';
import { createChangeBatchProcessor } from './tables/change-batch.ts';
import { createErasures, withErasures } from './tables/erasures.ts';
import { defineTopicProcessor } from './topic-processor.ts';

/** Reads the change topics and judges every image by the rules. */
export const ticketProcessor = defineTopicProcessor({
  name: 'ticket-processor',
  datasets: (config) => tableDatasets.filter(({ name }) => name in config.datasets),
  createProcessor: ({ dataset, schemas, config: { aws } }) => {
    const client = createS3Client(aws);
    const erasures = createErasures(dataset, {
      keys: (prefix, signal) => listKeys(client, { bucket: aws.bucket, prefix }, signal),
    });
    const processor = withErasures(createChangeBatchProcessor({ dataset, schemas }), erasures);
    return { processor, close: () => client.destroy() };
  },
});
