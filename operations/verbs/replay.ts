import { Option, type Command } from 'commander';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import { findTableDataset, tableDatasets } from '../../schemas/datasets/registry.ts';
import { runReplay } from '../../stream-processors/replay/replay-job.ts';
import type { ReplaySource } from '../../stream-processors/replay/replay-source.ts';
import type { CliContext, VerbCall } from '../cli/context.ts';
import { addExamples } from '../cli/examples.ts';
import { exitCodes } from '../cli/faults.ts';
import type { Output } from '../cli/output.ts';
import { redrive } from '../replay/redrive.ts';
import { createDiffSink, type ReplayDiff } from '../replay/replay-diff.ts';
import { replayFile } from '../replay/replay-file.ts';
import { openReplayParts, type ReplayParts } from '../replay/replay-parts.ts';
import {
  checked,
  parseBound,
  parsePositive,
  parseSeqs,
  replayRequestSchema,
  type ReplayRequest,
} from '../replay/replay-request.ts';
import { executeReplay, openSource, progressNotes, selectionOf } from '../replay/replay-run.ts';
import { connectWarehouse } from '../warehouse-connection.ts';

const bound = 'earliest, latest, an offset, or an ISO time of arrival in the topic';

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('replay')
    .description('process a range again by the current rules; a dry run unless --execute is given')
    .addOption(
      new Option('--dataset <name>', 'what to replay')
        .choices(tableDatasets.map(({ shortName }) => shortName))
        .default('tickets'),
    )
    .option('--from <bound>', bound, checked(parseBound), 'earliest')
    .option('--to <bound>', 'end, exclusive; likewise', checked(parseBound), 'latest')
    .addOption(
      new Option('--source <name>', 'where the records are read')
        .choices(['topic', 'lake', 'dead-letters'])
        .default('topic'),
    )
    .option('--seqs <a-b>', 'only images with these numbers', checked(parseSeqs))
    .option('--epoch <n>', 'only images of this epoch', checked(parsePositive))
    .option('--rate <n>', 'at most so many records a second', parsePositive)
    .option('--execute', 'send the rows to Firehose; without it only tell what would change')
    .option('--resume', 'go on with the replay that was broken off')
    .action(context.action(replay));
  addExamples(command, [
    ['careplus replay', 'what the current rules would change, over the whole topic'],
    ['careplus replay --from 2025-07-01 --execute', 'and do it, from that day on'],
    ['careplus replay --source lake --to 2025-07-01', 'what the topic no longer holds'],
    ['careplus replay --seqs 1200-1300 --execute', 'send these numbers again'],
    ['careplus replay --execute --rate 2000', 'at 2,000 records a second'],
    ['careplus replay --resume', 'go on after Ctrl-C'],
    ['careplus replay --source dead-letters --execute', 'unread records back into their topic'],
  ]);
}

async function replay(call: VerbCall): Promise<number> {
  const { options, output, signal } = call;
  const dataset = datasetOf(String(options['dataset']));
  const config = call.loadConfig();
  await using parts = await openReplayParts(config, dataset);
  if (options['source'] === 'dead-letters') return await redriveLetters(call, parts, dataset);
  const file = replayFile(call.stateDir, dataset.shortName);
  const resumed = options['resume'] === true ? file.read() : undefined;
  const request = resumed?.request ?? requestOf(options);
  const source = await openSource(parts, dataset, request, signal, resumed?.ranges);
  tellRange(source, output);
  const note = (line: string) => output.note(`${dataset.shortName}: ${line}`);
  if (options['execute'] !== true && !resumed) {
    using warehouse = connectWarehouse(config);
    const sink = createDiffSink(warehouse.api, dataset);
    const selects = selectionOf(request);
    const { records, rows, unreadable } = await runReplay({
      ...{ source, signal, processor: parts.processor },
      sink: (some, during) => sink.take(some, during),
      ...(selects ? { selects } : {}),
      ...rateOf(options),
      onProgress: progressNotes(source, note),
    });
    const diff = await sink.finish(signal);
    output.document({
      ...{ ok: true, executed: false, ...request, records, images: rows, unreadable },
      ...diff,
    });
    tellDiff(diff, rows, output);
    return exitCodes.good;
  }
  try {
    const done = await executeReplay({
      ...{ parts, source, request, file, note, signal },
      ...(resumed ? { resumed } : {}),
      ...rateOf(options),
    });
    const { records, rows, unreadable } = done;
    output.document({ ok: true, executed: true, ...request, records, images: rows, unreadable });
    output.text(`${dataset.shortName}: ${rows} images of ${records} records sent again`);
    return exitCodes.good;
  } catch (error) {
    if (!signal.aborted) throw error;
    output.document({ ok: false, executed: true, interrupted: true, ...request });
    output.note('broken off; `careplus replay --resume` goes on where it stopped');
    return exitCodes.bad;
  }
}

async function redriveLetters(
  { options, output, signal }: VerbCall,
  parts: ReplayParts,
  dataset: TableDataset,
): Promise<number> {
  const execute = options['execute'] === true;
  const bounds = {
    from: parseBound(String(options['from'])),
    to: parseBound(String(options['to'])),
  };
  const result = await redrive(parts, dataset, bounds, { execute, signal });
  output.document({ ok: true, executed: execute, dataset: dataset.shortName, ...result });
  for (const [code, count] of Object.entries(result.letters)) {
    output.text(`${dataset.shortName}: ${count} dead letters with ${code}`);
  }
  if (result.cut > 0) output.text(`${result.cut} of them were cut and are left out`);
  output.text(
    execute ? `${result.sent} records are in their topic again` : 'a dry run; --execute does it',
  );
  return exitCodes.good;
}

/** @throws {PipelineError} CFG_9001 for a name that is none. */
export function datasetOf(name: string): TableDataset {
  const dataset = findTableDataset(name);
  if (!dataset) throw new PipelineError('CFG_9001', `there is no dataset '${name}'`);
  return dataset;
}

function requestOf(options: VerbCall['options']): ReplayRequest {
  const { dataset, source, from, to, seqs, epoch } = options;
  const request = { dataset, source, from, to };
  return replayRequestSchema.parse({
    ...request,
    ...(seqs === undefined ? {} : { seqs }),
    ...(epoch === undefined ? {} : { epoch }),
  });
}

function rateOf({ rate }: VerbCall['options']) {
  return typeof rate === 'number' ? { recordsPerSecond: rate } : {};
}

function tellRange({ ranges }: ReplaySource, output: Output): void {
  for (const [partition, { start, end }] of ranges) {
    if (start < end) output.note(`partition ${partition}: offsets ${start} to ${end}`);
  }
}

/** Writes what a dry run has found. */
export function tellDiff(diff: ReplayDiff, images: number, output: Output): void {
  output.text(`${images} images by the current rules; a dry run, --execute sends them`);
  output.text(`  ${diff.unchanged} stay as they are`);
  if (diff.not_in_warehouse > 0) {
    output.text(`  ${diff.not_in_warehouse} are not in the warehouse yet`);
  }
  for (const { change, what, images: count, examples } of diff.changes) {
    output.text(`  ${count} change: ${change} (${what}), such as ${examples.join(', ')}`);
  }
}
