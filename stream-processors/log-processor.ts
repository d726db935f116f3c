import { logDatasets } from '../schemas/datasets/registry.ts';
import { createBlockBatchProcessor } from './logs/block-batch.ts';
import { defineTopicProcessor } from './topic-processor.ts';

/** Reads the log topics and judges every entry by the rules. */
export const logProcessor = defineTopicProcessor({
  name: 'log-processor',
  datasets: () => logDatasets,
  createProcessor: ({ dataset, schemas }) => ({
    processor: createBlockBatchProcessor({ dataset, schemas }),
  }),
});
