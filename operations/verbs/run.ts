import type { Command } from 'commander';
import { runDaemon, type DaemonDefinition } from '../../runtime/daemon/run-daemon.ts';
import type { Identity, OPERATIONS } from '../../schemas/daemon-rights.ts';
import type { CliContext, VerbCall } from '../cli/context.ts';
import { addExamples } from '../cli/examples.ts';
import { exitCodes, reportUsage } from '../cli/faults.ts';

/** Each daemon is loaded only when it is the one to run. */
const daemons: Readonly<
  Record<Exclude<Identity, typeof OPERATIONS>, () => Promise<DaemonDefinition>>
> = {
  'cdc-reader': async () => (await import('../../cdc-reader/main.ts')).cdcReader,
  'log-shipper': async () => (await import('../../log-shipper/main.ts')).logShipper,
  'ticket-processor': async () =>
    (await import('../../stream-processors/ticket-processor.ts')).ticketProcessor,
  'log-processor': async () =>
    (await import('../../stream-processors/log-processor.ts')).logProcessor,
  archiver: async () => (await import('../../stream-processors/archiver.ts')).archiver,
  'warehouse-loader': async () => (await import('../../warehouse-loader/main.ts')).warehouseLoader,
  dashboard: async () => (await import('../../dashboards/web/main.ts')).dashboard,
};

function isDaemon(name: string): name is keyof typeof daemons {
  return Object.hasOwn(daemons, name);
}

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('run <name>')
    .description('run one daemon against a configuration; it logs JSON lines and drains on SIGTERM')
    .option('--check-config', 'only read the configuration and say whether it can be used')
    .action(context.action(run))
    .addHelpText('after', `\nDaemons: ${Object.keys(daemons).join(', ')}`);
  addExamples(command, [
    ['careplus run cdc-reader --config careplus.yaml', 'binlog → Kafka, until SIGTERM'],
    ['careplus run warehouse-loader --check-config', 'check the configuration'],
  ]);
}

async function run(call: VerbCall): Promise<number> {
  const { args, output, configFile } = call;
  const [name = ''] = args;
  if (!isDaemon(name)) {
    const message = `unknown daemon '${name}'; there are ${Object.keys(daemons).join(', ')}`;
    output.note(`error: ${message}`);
    return reportUsage(message, output);
  }
  // Read here as well, so that a bad file is told like any other fault of the command.
  call.loadConfig(name);
  if (call.options['checkConfig'] === true) {
    output.document({ ok: true, config: configFile });
    output.text(`${configFile}: ok`);
    return exitCodes.good;
  }
  const code = await runDaemon(await daemons[name](), { configFile });
  // A connection that would not close in time must not keep a stopped daemon alive.
  process.exit(code);
}
