import { tableDatasets } from '../schemas/datasets/registry.ts';
import { createChangeBatchProcessor } from './tables/change-batch.ts';
import { defineTopicProcessor } from './topic-processor.ts';

/** Reads the change topics and judges every image by the rules. */
export const ticketProcessor = defineTopicProcessor({
  name: 'ticket-processor',
  datasets: (config) => tableDatasets.filter(({ name }) => name in config.datasets),
  createProcessor: createChangeBatchProcessor,
});
