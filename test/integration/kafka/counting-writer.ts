/**
 * A process that writes 1, 2, 3 … with a checkpoint in each transaction, until it is killed.
 *
 *   node counting-writer.ts '{"brokers":[…],"topic":…,"checkpoints":…,"source":…,"maxPerTransaction":…}'
 *
 * Prints `ready` after its first commit and, when it cannot go on, the code of the error.
 */
import { z } from 'zod';
import { createCheckpointStore } from '../../../runtime/kafka/checkpoint-store.ts';
import { createKafka } from '../../../runtime/kafka/connection.ts';
import { createTransactionalWriter } from '../../../runtime/kafka/transactional-writer.ts';
import { createLog } from '../../../runtime/observability/log.ts';
import { errorText, findPipelineError } from '../../../runtime/pipeline-error.ts';

const countSchema = z.strictObject({ next: z.number().int().positive() });

/** The checkpoint of the counting. */
export const parseCount = (json: unknown) => countSchema.parse(json);

const argumentSchema = z.strictObject({
  brokers: z.array(z.string()),
  topic: z.string(),
  checkpoints: z.string(),
  source: z.string(),
  maxPerTransaction: z.number(),
  valueBytes: z.number().default(0),
  transactionTimeoutMs: z.number().default(10_000),
});
export type CountingArguments = z.input<typeof argumentSchema>;

async function count(): Promise<never> {
  const options = argumentSchema.parse(JSON.parse(process.argv[2] ?? ''));
  const { topic, source, transactionTimeoutMs } = options;
  const log = createLog('counting-writer', 'silent');
  const kafka = createKafka({ brokers: options.brokers, ssl: false }, { clientId: source, log });
  const writer = createTransactionalWriter(kafka, {
    transactionalId: source,
    log,
    transactionTimeoutMs,
  });
  const checkpoints = createCheckpointStore(kafka, {
    topic: options.checkpoints,
    parse: parseCount,
    log,
  });
  const signal = new AbortController().signal;
  await writer.open(signal);
  let next = (await checkpoints.recover(source, writer, signal))?.next ?? 1;
  for (let transactions = 0; ; transactions++) {
    const size = 1 + Math.floor(Math.random() * options.maxPerTransaction);
    const messages = Array.from({ length: size }, (_, index) => ({
      key: String(next + index),
      value: String(next + index).padEnd(options.valueBytes),
    }));
    next += size;
    await writer.write([{ topic, messages }, checkpoints.records(source, { next })], signal);
    if (transactions === 0) process.stdout.write('ready\n');
  }
}

if (import.meta.main) {
  count().catch((error: unknown) => {
    process.stdout.write(`${findPipelineError(error)?.code ?? 'fault'} ${errorText(error)}\n`);
    process.exit(1);
  });
}
