import { Option, type Command } from 'commander';
import { tableStreams } from '../../cdc-reader/config.ts';
import { requestSnapshot } from '../../cdc-reader/snapshot-request.ts';
import { createCheckpointStore } from '../../runtime/kafka/checkpoint-store.ts';
import { createKafka } from '../../runtime/kafka/connection.ts';
import { createTransactionalWriter } from '../../runtime/kafka/transactional-writer.ts';
import { createLog } from '../../runtime/observability/log.ts';
import { findPipelineError } from '../../runtime/pipeline-error.ts';
import { readerCheckpointSchema } from '../../schemas/checkpoint.ts';
import { tableDatasets } from '../../schemas/datasets/registry.ts';
import { readerTransactionalId, topics } from '../../schemas/topics.ts';
import type { CliContext, VerbCall } from '../cli/context.ts';
import { addExamples } from '../cli/examples.ts';
import { exitCodes } from '../cli/faults.ts';

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('snapshot')
    .description(
      'read a table anew while streaming goes on; the page shows the old state meanwhile',
    )
    .addOption(
      new Option('--dataset <name>', 'of which dataset')
        .choices(tableDatasets.map(({ shortName }) => shortName))
        .default('tickets'),
    )
    .action(context.action(snapshot));
  addExamples(command, [
    ['careplus snapshot', 'after statements that leave no rows in the binlog, or a hole for good'],
    ['careplus snapshot && careplus wait --idle', 'come back when the new state is shown'],
  ]);
}

/** A reader that writes meanwhile takes the writer back: then it is asked once more. */
const ATTEMPTS = 10;

async function takingTurns<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (findPipelineError(error)?.code !== 'KFK_3001' || attempt === ATTEMPTS) throw error;
    }
  }
}

async function snapshot(call: VerbCall): Promise<number> {
  const { options, output, signal } = call;
  const config = call.loadConfig();
  const log = createLog('careplus', 'silent');
  const kafka = createKafka(config.kafka, { clientId: 'careplus-snapshot', log });
  const store = createCheckpointStore(kafka, {
    topic: topics.readerCheckpoints.name,
    parse: (json) => readerCheckpointSchema.parse(json),
    log,
  });
  const streams = tableStreams(config).filter(
    ({ dataset }) => dataset.shortName === options['dataset'],
  );
  const asked: { source: string; was_there: boolean }[] = [];
  for (const { sourceId } of streams) {
    const found = await takingTurns(async () => {
      const transactionalId = readerTransactionalId(sourceId);
      const writer = createTransactionalWriter(kafka, { transactionalId, log });
      try {
        return await requestSnapshot(sourceId, writer, store, signal);
      } finally {
        await writer.close();
      }
    });
    asked.push({ source: sourceId, was_there: found });
  }
  output.document({ ok: asked.length > 0, sources: asked });
  for (const { source, was_there: found } of asked) {
    output.text(
      found
        ? `${source}: its reader begins a new snapshot; careplus status shows the new epoch`
        : `${source}: has no checkpoint, so its reader begins with a snapshot anyway`,
    );
  }
  if (asked.length > 0) return exitCodes.good;
  output.note(`no table of the dataset ${String(options['dataset'])} is configured`);
  return exitCodes.bad;
}
