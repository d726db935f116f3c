import type { Command } from 'commander';
import { abortableSleep } from '../../runtime/abortable-wait.ts';
import { errorText, PipelineError } from '../../runtime/pipeline-error.ts';
import type { CliContext, VerbCall } from '../cli/context.ts';
import { parseDuration } from '../cli/duration.ts';
import { addExamples } from '../cli/examples.ts';
import { exitCodes } from '../cli/faults.ts';
import type { Output } from '../cli/output.ts';
import { booksLine } from '../verify/books.ts';
import { recordVerification, verify } from '../verify/verification.ts';
import type { DatasetVerification, Verification } from '../verify/verification-result.ts';
import { connectWarehouse } from '../warehouse-connection.ts';

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('verify')
    .description('compare the warehouse with the rules applied to the source, and close the books')
    .option('--timeout <duration>', 'how long the warehouse may lag', parseDuration, 120_000)
    .option('--by-day', 'books of every day as well')
    .option('--history', 'compare old images with the raw archive as well: reads all of it')
    .option('--no-record', 'do not keep the result in ops.verifications')
    .option('--every <duration>', 'again and again, first after that time', parseDuration)
    .action(context.action(run));
  command.addHelpText(
    'after',
    '\nEvery run compares all that the warehouse holds with the source, and its tables with each other:\n' +
      'state, history, periods, sums and frontiers. Images that are gone from the source have no other\n' +
      'witness than the raw archive, which only --history reads. docs/decisions/0040-what-verify-sees.md\n' +
      'lists every column with what names a change of it.',
  );
  addExamples(command, [
    ['careplus verify', 'the books, and what differs'],
    ['careplus verify --json', 'the same for programs; exit code 1 when anything differs'],
    ['careplus verify --by-day --no-record', 'books of every day, kept nowhere'],
    ['careplus verify --history', 'old images against the raw archive, too; costs like a replay'],
    ['careplus verify --every 1h', 'until it is ended; the page shows the last result'],
  ]);
}

async function run(call: VerbCall): Promise<number> {
  const everyMs = call.options['every'];
  return typeof everyMs === 'number' ? verifyEvery(everyMs, call) : verifyOnce(call);
}

/** One that fails is told, and the next one tried: the warehouse may be away for a while. */
async function verifyEvery(everyMs: number, call: VerbCall): Promise<number> {
  const { signal, output } = call;
  const isEnded = () => signal.aborted;
  for (;;) {
    try {
      await abortableSleep(everyMs, signal);
      await verifyOnce(call);
    } catch (error) {
      if (isEnded()) return exitCodes.good;
      if (!(error instanceof PipelineError)) throw error;
      output.note(`not verified: ${error.code}: ${errorText(error)}`);
    }
  }
}

async function verifyOnce(call: VerbCall): Promise<number> {
  const { options, output, signal } = call;
  const config = call.loadConfig();
  using warehouse = connectWarehouse(config);
  const note = (line: string) => output.note(line);
  const timeoutMs = Number(options['timeout']);
  const history = options['history'] === true;
  const result = await verify(config, { api: warehouse.api, timeoutMs, signal, note, history });
  if (options['record'] === true) {
    // The result stands even where it could not be kept.
    await recordVerification(warehouse.api, result, signal).catch((error: unknown) =>
      note(`the result was not kept in ops.verifications: ${errorText(error)}`),
    );
  }
  showVerification(result, { output, byDay: options['byDay'] === true });
  return result.ok ? exitCodes.good : exitCodes.bad;
}

const DIFFERENCES_TOLD = 20;

/** What was compared, and with what, in words. */
function comparisonOf(books: DatasetVerification): string {
  const rules = `every cell equals the rules of version ${books.rules_version}`;
  if ('gtid' in books) return `at ${books.gtid}, ${rules}`;
  const { files, bytes, gone_files: gone, gone_entries: entries } = books;
  if (books.compared_with === 'arrivals') {
    return (
      `over ${bytes} bytes that arrived of ${files} files, each entry counted once; ` +
      'the files are on other machines and were not read'
    );
  }
  const lost = gone === 0 ? '' : ` and ${entries} entries of ${gone} files that are gone`;
  return `over ${bytes} bytes of ${files} files${lost}, ${rules}`;
}

/** Writes a result: the document with `--json`, else the books as lines and what differs. */
export function showVerification(
  { days, ...result }: Verification,
  { output, byDay = false }: { readonly output: Output; readonly byDay?: boolean },
): void {
  output.document(byDay ? { ...result, days } : result);
  for (const books of result.datasets) {
    const { dataset, ok, differences_total: total } = books;
    output.text(`${dataset}: ${booksLine(books)}`);
    for (const day of byDay ? days.filter((each) => each.dataset === dataset) : []) {
      output.text(`  ${day.day}: ${booksLine(day)}`);
    }
    output.text(
      ok
        ? `${dataset}: the books close ${comparisonOf(books)}`
        : `${dataset}: ${total} ${total === 1 ? 'difference' : 'differences'}`,
    );
  }
  for (const difference of result.differences.slice(0, DIFFERENCES_TOLD)) {
    const { dataset, kind, key, expected, found, table, event } = difference;
    const place = [...(table ? [` in ${table}`] : []), ...(event ? [` (${event})`] : [])].join('');
    const values = `expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`;
    output.text(`  ${dataset} ${kind} ${key ?? '(no key)'}${place}: ${values}`);
  }
  const untold = result.differences_total - DIFFERENCES_TOLD;
  if (untold > 0) output.text(`  … and ${untold} more; --json lists the first 100`);
}
