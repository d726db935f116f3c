import { InvalidArgumentError, type Command } from 'commander';
import { createKafka } from '../../runtime/kafka/connection.ts';
import { createLog } from '../../runtime/observability/log.ts';
import { createS3Client } from '../../runtime/s3/s3-client.ts';
import { findTableDataset, tableDatasets } from '../../schemas/datasets/registry.ts';
import { supportTickets } from '../../schemas/datasets/support-tickets/index.ts';
import type { CliContext, VerbCall } from '../cli/context.ts';
import { addExamples } from '../cli/examples.ts';
import { exitCodes } from '../cli/faults.ts';
import type { Output } from '../cli/output.ts';
import { forgetTicket, type Forgotten } from '../forget/forget-ticket.ts';
import { connectWarehouse } from '../warehouse-connection.ts';

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('forget <ticket-id>')
    .description('erase a deleted ticket’s personal data from warehouse, quarantine and lake')
    .option(
      '--dataset <name>',
      'the table that it was a row of',
      tableName,
      supportTickets.shortName,
    )
    .option('--execute', 'erase; without it only what would be erased is told')
    .action(context.action(forget));
  addExamples(command, [
    ['careplus forget TCK0701001', 'where it is, what would be erased, and what goes by itself'],
    [
      'careplus forget TCK0701001 --execute',
      'erase it; what is broken off is finished by a repeat',
    ],
    ['careplus forget TCK0701001 --json', 'the same for programs'],
  ]);
}

function tableName(name: string): string {
  if (findTableDataset(name)) return name;
  const known = tableDatasets.map(({ shortName }) => shortName).join(', ');
  throw new InvalidArgumentError(`write one of ${known}`);
}

async function forget(call: VerbCall): Promise<number> {
  const { output, signal, options } = call;
  const [ticketId = ''] = call.args;
  const dataset = findTableDataset(String(options['dataset'])) ?? supportTickets;
  const config = call.loadConfig();
  using warehouse = connectWarehouse(config);
  const kafka = createKafka(config.kafka, {
    clientId: 'careplus-forget',
    log: createLog('careplus', 'silent'),
  });
  const [admin, s3] = [kafka.admin(), createS3Client(config.aws)];
  await admin.connect();
  try {
    const parts = { config, api: warehouse.api, s3, kafka, admin, dataset, signal };
    const forgotten = await forgetTicket(parts, ticketId, options['execute'] === true);
    output.document(forgotten ?? { ok: false, ticket_id: ticketId });
    if (!forgotten) {
      output.note(`no change with the ticket id '${ticketId}' has been read`);
      return exitCodes.bad;
    }
    show(forgotten, output);
    return forgotten.ok ? exitCodes.good : exitCodes.bad;
  } finally {
    await admin.disconnect();
    s3.destroy();
  }
}

function show(forgotten: Forgotten, output: Output): void {
  const { ticket_id: id, images, executed, erases, remains, waiting, unreadable } = forgotten;
  const isDone = erases.every(({ found }) => found === 0);
  const did = executed ? 'erased' : 'would be erased';
  output.text(
    isDone
      ? `${id}: ${images} changes were read, nothing of their content is left to erase`
      : `${id}: ${images} changes were read; their content ${executed ? 'was erased, their numbers stay' : 'would be erased, their numbers would stay'}`,
  );
  for (const { place, found, objects } of erases) {
    const where = objects === null ? '' : ` in ${objects} ${objects === 1 ? 'object' : 'objects'}`;
    output.text(`  ${found} ${did}${where}: ${place}`);
  }
  for (const { place, found, gone_by: by } of remains) {
    if (found > 0)
      output.text(`  ${found} stay${by === null ? '' : ` until ${by} at the latest`}: ${place}`);
  }
  for (const key of waiting) {
    output.note(`the loader has not taken ${key} yet, which holds the ticket: run this again`);
  }
  for (const key of unreadable) output.note(`${key} cannot be read and was left as it is`);
  if (!executed && !isDone) output.note('nothing was changed: --execute erases');
}
