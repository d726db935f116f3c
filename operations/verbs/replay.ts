import { Option, type Command } from 'commander';
import type { Config } from '../../runtime/config/config-schema.ts';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import type { AnyDataset } from '../../schemas/datasets/any-dataset.ts';
import { allDatasets, findDataset } from '../../schemas/datasets/registry.ts';
import { runReplay } from '../../stream-processors/replay/replay-job.ts';
import type { CliContext, VerbCall } from '../cli/context.ts';
import { addExamples } from '../cli/examples.ts';
import { exitCodes } from '../cli/faults.ts';
import { fillHoles } from '../replay/fill-holes.ts';
import { redrive } from '../replay/redrive.ts';
import { createDiffSink } from '../replay/replay-diff.ts';
import { replayFile, type ReplayFile } from '../replay/replay-file.ts';
import { openReplayParts } from '../replay/replay-parts.ts';
import { tellDiff, tellHoles, tellRange } from '../replay/replay-report.ts';
import {
  checked,
  parseBound,
  parsePositive,
  parseSeqs,
  replayRequestSchema,
  type ReplayRequest,
} from '../replay/replay-request.ts';
import {
  executeReplay,
  openSource,
  progressNotes,
  ReplayCancelled,
  selectionOf,
} from '../replay/replay-run.ts';
import { connectWarehouse } from '../warehouse-connection.ts';

const bound = 'earliest, latest, an offset, or an ISO time of arrival in the topic';

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('replay')
    .description('process a range again by the current rules; a dry run unless --execute is given')
    .addOption(datasetOption('what to replay'))
    .option('--from <bound>', bound, checked(parseBound), 'earliest')
    .option('--to <bound>', 'end, exclusive; likewise', checked(parseBound), 'latest')
    .addOption(
      new Option('--source <name>', 'where the records are read')
        .choices(['topic', 'lake', 'dead-letters'])
        .default('topic'),
    )
    .option('--fill', 'only what the warehouse misses, from the topic, then the lake')
    .option('--seqs <a-b>', 'only images with these numbers', checked(parseSeqs))
    .option('--epoch <n>', 'only images of this epoch', checked(parsePositive))
    .option('--rate <n>', 'at most so many records a second', parsePositive)
    .option('--execute', 'send the rows to Firehose; without it only tell what would change')
    .option('--resume', 'go on with the replay that was broken off')
    .option('--cancel', 'end the replay that is running, or give up the one that was broken off')
    .action(context.action(replay));
  addExamples(command, [
    ['careplus replay', 'what the current rules would change, over the whole topic'],
    ['careplus replay --from 2025-07-01 --execute', 'and do it, from that day on'],
    ['careplus replay --dataset logs --source lake', 'log entries that the topic no longer holds'],
    ['careplus replay --fill --execute', 'send again what the warehouse waits for'],
    ['careplus replay --seqs 1200-1300 --execute', 'send these numbers again'],
    ['careplus replay --execute --rate 2000', 'at 2,000 records a second'],
    ['careplus replay --resume', 'go on after Ctrl-C or a crash'],
    ['careplus replay --source dead-letters --execute', 'unread records back into their topic'],
  ]);
}

/** The option `--dataset` of a verb that works on one. */
export function datasetOption(description: string): Option {
  return new Option('--dataset <name>', description)
    .choices(allDatasets.map(({ shortName }) => shortName))
    .default('tickets');
}

/** @throws {PipelineError} CFG_9001 for a name that is none. */
export function datasetOf(name: unknown): AnyDataset {
  const dataset = findDataset(String(name));
  if (!dataset) throw new PipelineError('CFG_9001', `there is no dataset '${String(name)}'`);
  return dataset;
}

async function replay(call: VerbCall): Promise<number> {
  const { options } = call;
  const dataset = datasetOf(options['dataset']);
  const file = replayFile(call.stateDir, dataset.shortName);
  if (options['cancel'] === true) return cancel(call, dataset, file);
  const config = call.loadConfig();
  const executes = options['execute'] === true;
  if (options['source'] === 'dead-letters') return redriveLetters(call, config, dataset);
  if (options['fill'] === true) return fill(call, config, dataset);
  if (options['resume'] === true) return execute(call, config, dataset, file);
  return executes ? execute(call, config, dataset, file) : dryRun(call, config, dataset);
}

async function dryRun(call: VerbCall, config: Config, dataset: AnyDataset): Promise<number> {
  const { output, signal } = call;
  const request = requestOf(call);
  const selects = selectionOf(dataset, request);
  await using parts = await openReplayParts(config, dataset);
  using warehouse = connectWarehouse(config);
  const source = await openSource(parts, dataset, request, signal);
  tellRange(source, output);
  const sink = createDiffSink(warehouse.api, dataset, parts.processing.numbering);
  const { records, rows, unreadable } = await runReplay({
    ...{ ...parts.processing, source, signal, selects },
    sink: (some, during) => sink.take(some, during),
    recordsPerSecond: rateOf(call),
    onProgress: progressNotes(source, noteOf(call, dataset)),
  });
  const diff = await sink.finish(signal);
  output.document({ ok: true, executed: false, ...request, records, rows, unreadable, ...diff });
  tellDiff(diff, rows, output);
  return exitCodes.good;
}

async function execute(
  call: VerbCall,
  config: Config,
  dataset: AnyDataset,
  file: ReplayFile,
): Promise<number> {
  const { output, signal } = call;
  await using held = new AsyncDisposableStack();
  held.use(await file.lock());
  const resumed = unfinishedOf(call, dataset, file);
  const request = resumed?.request ?? requestOf(call);
  selectionOf(dataset, request);
  const parts = held.use(await openReplayParts(config, dataset));
  const source = await openSource(parts, dataset, request, signal, resumed?.ranges);
  tellRange(source, output);
  try {
    const { records, rows, unreadable } = await executeReplay({
      ...{ parts, dataset, source, request, file, resumed, signal },
      note: noteOf(call, dataset),
      recordsPerSecond: rateOf(call),
    });
    output.document({ ok: true, executed: true, ...request, records, rows, unreadable });
    output.text(`${dataset.shortName}: ${rows} lake rows of ${records} records sent again`);
    return exitCodes.good;
  } catch (error) {
    const cancelled = error instanceof ReplayCancelled;
    if (!cancelled && !signal.aborted) throw error;
    if (cancelled) file.remove();
    output.document({ ok: false, executed: true, interrupted: !cancelled, cancelled, ...request });
    output.note(
      cancelled
        ? 'cancelled; what was sent stays, and changes nothing when it is sent again'
        : 'broken off; `careplus replay --resume` goes on where it stopped',
    );
    return exitCodes.bad;
  }
}

/**
 * What `--resume` goes on with; undefined for a replay from its beginning.
 *
 * @throws {PipelineError} CFG_9001 when there is none, or when a new one would forget it.
 */
function unfinishedOf({ options }: VerbCall, dataset: AnyDataset, file: ReplayFile) {
  const found = file.read();
  const resumes = options['resume'] === true;
  if (resumes === (found !== undefined)) return found;
  const message = resumes
    ? `no replay of ${dataset.shortName} was broken off`
    : `a replay of ${dataset.shortName} was broken off: --resume goes on with it, --cancel gives it up`;
  throw new PipelineError('CFG_9001', message);
}

async function cancel(
  { output }: VerbCall,
  dataset: AnyDataset,
  file: ReplayFile,
): Promise<number> {
  const found = await file.cancel();
  output.document({ ok: found !== 'none', dataset: dataset.shortName, cancelled: found });
  output.text(
    {
      running: 'the replay that is running will end',
      'broken-off': 'the replay that was broken off is given up',
      none: `no replay of ${dataset.shortName} is running or was broken off`,
    }[found],
  );
  return found === 'none' ? exitCodes.bad : exitCodes.good;
}

async function fill(call: VerbCall, config: Config, dataset: AnyDataset): Promise<number> {
  const { options, output, signal } = call;
  const executed = options['execute'] === true;
  await using parts = await openReplayParts(config, dataset);
  using warehouse = connectWarehouse(config);
  const found = await fillHoles({
    ...{ api: warehouse.api, parts, dataset, signal },
    sink: executed ? (rows, during) => parts.send(rows, during) : async () => undefined,
    recordsPerSecond: rateOf(call),
  });
  const ok = found.holes.every(({ unfillable }) => unfillable === 0);
  output.document({ ok, executed, dataset: dataset.shortName, ...found });
  tellHoles(found, executed, output);
  return ok ? exitCodes.good : exitCodes.bad;
}

async function redriveLetters(
  { options, output, signal }: VerbCall,
  config: Config,
  dataset: AnyDataset,
): Promise<number> {
  const execute = options['execute'] === true;
  const bounds = {
    from: parseBound(String(options['from'])),
    to: parseBound(String(options['to'])),
  };
  await using parts = await openReplayParts(config, dataset);
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

function requestOf({ options }: VerbCall): ReplayRequest {
  const { dataset, source, from, to, seqs, epoch } = options;
  const request = { dataset, source, from, to };
  return replayRequestSchema.parse({
    ...request,
    ...(seqs === undefined ? {} : { seqs }),
    ...(epoch === undefined ? {} : { epoch }),
  });
}

function rateOf({ options: { rate } }: VerbCall): number | undefined {
  return typeof rate === 'number' ? rate : undefined;
}

function noteOf({ output }: VerbCall, { shortName }: AnyDataset): (line: string) => void {
  return (line) => output.note(`${shortName}: ${line}`);
}
