import { Option, type Command } from 'commander';
import { findPipelineError } from '../../runtime/pipeline-error.ts';
import { tableDatasets } from '../../schemas/datasets/registry.ts';
import { runReplay } from '../../stream-processors/replay/replay-job.ts';
import {
  openLakeSource,
  openTopicSource,
  type ReplayBounds,
  type ReplaySource,
} from '../../stream-processors/replay/replay-source.ts';
import type { CliContext, VerbCall } from '../cli/context.ts';
import { addExamples } from '../cli/examples.ts';
import { exitCodes } from '../cli/faults.ts';
import {
  listQuarantine,
  quarantinedNumbers,
  showQuarantined,
  type QuarantineFilter,
  type QuarantinedRow,
} from '../quarantine/quarantine-rows.ts';
import { createDiffSink } from '../replay/replay-diff.ts';
import { openReplayParts } from '../replay/replay-parts.ts';
import { connectWarehouse } from '../warehouse-connection.ts';
import { datasetOf, tellDiff } from './replay.ts';

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('quarantine')
    .description('what the rules set aside: by reason, row by row, and judged again');
  addExamples(command, [
    ['careplus quarantine list', 'how many rows for which reason, with examples'],
    ['careplus quarantine show TCK0701001', 'the original of a ticket’s rows and the rule'],
    ['careplus quarantine requeue', 'what the current rules would make of all of it'],
    ['careplus quarantine requeue --execute', 'judge it again after a rule has changed'],
  ]);
  addExamples(
    command
      .command('list')
      .description('by reason, the most frequent first; with --json one object a line')
      .option('--dataset <name>', 'only of this dataset, such as tickets')
      .option('--reason <field:reason>', 'only rows that have this reason')
      .action(context.action(list)),
    [['careplus quarantine list --reason status:unknown-value', 'unknown words of one field']],
  );
  addExamples(
    command
      .command('show <id>')
      .description('the rows of an event id or a ticket id, with original, reason and rule')
      .action(context.action(show)),
    [['careplus quarantine show TCK0701001', 'why this ticket is not on the page']],
  );
  addExamples(
    command
      .command('requeue [id]')
      .description('judge quarantined rows again; a dry run unless --execute is given')
      .addOption(
        new Option('--dataset <name>', 'of which dataset')
          .choices(tableDatasets.map(({ shortName }) => shortName))
          .default('tickets'),
      )
      .option('--reason <field:reason>', 'only rows that have this reason')
      .option('--execute', 'send the rows to Firehose; without it only tell what would change')
      .action(context.action(requeue)),
    [
      ['careplus quarantine requeue', 'what the current rules would change'],
      ['careplus quarantine requeue --reason channel:missing --execute', 'these rows again'],
    ],
  );
}

async function list(call: VerbCall): Promise<number> {
  const { output, signal } = call;
  using warehouse = connectWarehouse(call.loadConfig());
  const groups = await listQuarantine(warehouse.api, filterOf(call), signal);
  for (const group of groups) {
    const { dataset, reasons, rows, copies, meaning, examples } = group;
    output.line(group);
    const repeats = copies > rows ? ` (${copies} with their repeats)` : '';
    output.text(`${dataset}: ${rows} with ${reasons}${repeats}`);
    for (const { field, sentence } of meaning) output.text(`  ${field ?? 'row'}: ${sentence}`);
    const named = examples.map(({ event_id: event, ticket_id: ticket }) => ticket ?? event);
    output.text(`  such as ${named.join(', ')}`);
  }
  if (groups.length === 0) output.text('nothing is in quarantine');
  return exitCodes.good;
}

async function show(call: VerbCall): Promise<number> {
  const { output, signal } = call;
  const [id = ''] = call.args;
  using warehouse = connectWarehouse(call.loadConfig());
  const rows = await showQuarantined(warehouse.api, id, signal);
  output.document({ ok: rows.length > 0, rows });
  for (const row of rows) for (const line of describeRow(row)) output.text(line);
  if (rows.length > 0) return exitCodes.good;
  output.note(`nothing in quarantine has the event id or ticket id '${id}'`);
  return exitCodes.bad;
}

function describeRow(row: QuarantinedRow): string[] {
  return [
    `${row.dataset} ${row.event_id}, ticket ${row.ticket_id ?? '(none)'}, ${row.copies} in the source`,
    ...row.why.map(({ field, reason, sentence, accepted }) => {
      const rule = accepted === null ? '' : ` The rule accepts: ${accepted}.`;
      return `  ${field ?? 'row'}: ${reason}. ${sentence}${rule}`;
    }),
    `  original: ${row.original ?? '(not kept)'}`,
    `  judged by rules version ${row.rules_version}; record ${row.raw_pointer ?? '(unknown)'}`,
  ];
}

async function requeue(call: VerbCall): Promise<number> {
  const { options, output, signal } = call;
  const config = call.loadConfig();
  const dataset = datasetOf(String(options['dataset']));
  const execute = options['execute'] === true;
  using warehouse = connectWarehouse(config);
  const filter = { ...filterOf(call), id: call.args[0], dataset: dataset.shortName };
  const numbers = await quarantinedNumbers(warehouse.api, filter, signal);
  await using parts = await openReplayParts(config, dataset);
  const diff = createDiffSink(warehouse.api, dataset);
  const topic = dataset.topic.name;
  const bounds: ReplayBounds = {
    from: { kind: 'earliest' },
    to: { kind: 'latest' },
    fixed: numbers.ranges,
  };
  const run = async (source: ReplaySource) =>
    runReplay({
      ...{ source, signal, processor: parts.processor, selects: numbers.has },
      sink: (rows, during) => (execute ? parts.send(rows, during) : diff.take(rows, during)),
    });
  const done = await run(
    await openTopicSource({ kafka: parts.kafka, admin: parts.admin, topic }, bounds, signal),
  ).catch(async (error: unknown) => {
    if (findPipelineError(error)?.code !== 'KFK_3005') throw error;
    output.note('the topic no longer holds all of it: reading the raw archive');
    return run(await openLakeSource({ bucket: parts.bucket, dataset, topic }, bounds, signal));
  });
  const sums = execute ? undefined : await diff.finish(signal);
  const found = { quarantined: numbers.count, images: done.rows };
  output.document({ ok: done.rows === numbers.count, executed: execute, ...found, ...sums });
  if (execute) output.text(`${done.rows} of ${numbers.count} quarantined images sent again`);
  else if (sums) tellDiff(sums, done.rows, output);
  if (done.rows === numbers.count) return exitCodes.good;
  output.note(`${numbers.count - done.rows} are in neither the topic nor the archive as one piece`);
  return exitCodes.bad;
}

function filterOf({ options }: VerbCall): QuarantineFilter {
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return { dataset: text(options['dataset']), reason: text(options['reason']) };
}
