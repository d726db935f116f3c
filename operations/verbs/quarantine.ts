import type { Command } from 'commander';
import type { CliContext, VerbCall } from '../cli/context.ts';
import { addExamples } from '../cli/examples.ts';
import { exitCodes } from '../cli/faults.ts';
import {
  listQuarantine,
  showQuarantined,
  type QuarantineFilter,
  type QuarantinedRow,
} from '../quarantine/quarantine-rows.ts';
import { requeue } from '../quarantine/requeue.ts';
import { createDiffSink } from '../replay/replay-diff.ts';
import { openReplayParts } from '../replay/replay-parts.ts';
import { tellDiff } from '../replay/replay-report.ts';
import { connectWarehouse } from '../warehouse-connection.ts';
import { datasetOf, datasetOption } from './replay.ts';

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('quarantine')
    .description('what the rules set aside: by reason, row by row, and judged again');
  addExamples(command, [
    ['careplus quarantine list', 'how many rows for which reason, with examples'],
    ['careplus quarantine show TCK0701001', 'the original of a ticket’s rows and the rule'],
    ['careplus quarantine requeue', 'what the current rules would make of all of it'],
    ['careplus quarantine requeue --execute', 'judge it again after a rule has changed'],
    ['careplus quarantine requeue --dataset logs', 'the same for log entries'],
  ]);
  addExamples(
    command
      .command('list')
      .description('by reason, the most frequent first; with --json one object a line')
      .option('--dataset <name>', 'only of this dataset, such as tickets or logs')
      .option('--reason <field:reason>', 'only rows that have this reason')
      .action(context.action(list)),
    [['careplus quarantine list --reason status:unknown-value', 'unknown words of one field']],
  );
  addExamples(
    command
      .command('show <id>')
      .description(
        'the rows of an event id, a ticket id or an entry id, with original, reason and rule',
      )
      .action(context.action(show)),
    [['careplus quarantine show TCK0701001', 'why this ticket is not on the page']],
  );
  addExamples(
    command
      .command('requeue [id]')
      .description('judge quarantined rows again; a dry run unless --execute is given')
      .addOption(datasetOption('of which dataset'))
      .option('--reason <field:reason>', 'only rows that have this reason')
      .option('--execute', 'send the rows to Firehose; without it only tell what would change')
      .action(context.action(requeueRows)),
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
  output.note(`nothing in quarantine has the event id, ticket id or entry id '${id}'`);
  return exitCodes.bad;
}

function describeRow(row: QuarantinedRow): string[] {
  return [
    `${row.dataset} ${row.event_id}, ticket ${row.ticket_id ?? '(none)'}, ${row.copies} in the source`,
    ...row.why.map(({ field, reason, sentence, accepted }) => {
      const rule = accepted === null ? '' : ` The rule accepts: ${accepted}.`;
      return `  ${field ?? 'row'}: ${reason}. ${sentence}${rule}`;
    }),
    `  original${row.original_encoding === 'base64' ? ' (base64)' : ''}: ${row.original ?? '(not kept)'}`,
    `  judged by rules version ${row.rules_version}; record ${row.raw_pointer ?? '(unknown)'}`,
  ];
}

async function requeueRows(call: VerbCall): Promise<number> {
  const { options, output, signal } = call;
  const config = call.loadConfig();
  const dataset = datasetOf(options['dataset']);
  const executed = options['execute'] === true;
  using warehouse = connectWarehouse(config);
  await using parts = await openReplayParts(config, dataset);
  const diff = createDiffSink(warehouse.api, dataset, parts.processing.numbering);
  const done = await requeue({
    ...{ api: warehouse.api, parts, dataset, signal },
    filter: { ...filterOf(call), id: call.args[0] },
    sink: (rows, during) => (executed ? parts.send(rows, during) : diff.take(rows, during)),
  });
  const { quarantined, found, rows } = done;
  const ok = found === quarantined;
  const sums = executed ? undefined : await diff.finish(signal);
  output.document({ ok, executed, dataset: dataset.shortName, ...done, ...sums });
  if (sums) tellDiff(sums, rows, output);
  else output.text(`${found} of ${quarantined} quarantined rows sent again`);
  if (ok) return exitCodes.good;
  output.note(`${quarantined - found} are in neither the topic nor the archive as one piece`);
  return exitCodes.bad;
}

function filterOf({ options }: VerbCall): QuarantineFilter {
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return { dataset: text(options['dataset']), reason: text(options['reason']) };
}
