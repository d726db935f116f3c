import { existsSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { identities, isIdentity } from '../../schemas/daemon-rights.ts';
import type { Config } from '../../runtime/config/config-schema.ts';
import { alignedTable } from '../cli/aligned-table.ts';
import type { CliContext, VerbCall } from '../cli/context.ts';
import { addExamples } from '../cli/examples.ts';
import { exitCodes } from '../cli/faults.ts';
import { signLocallyAs } from '../cli/local-credentials.ts';
import { brokerPart } from '../doctor/broker-part.ts';
import { daemonsPart, diskPart } from '../doctor/daemons-part.ts';
import { deliveryPart } from '../doctor/delivery-part.ts';
import { good, lookAtAll, type Finding, type Part } from '../doctor/finding.ts';
import { lakePart } from '../doctor/lake-part.ts';
import { daemonParts } from '../doctor/rights/daemon-parts.ts';
import { sourcePart } from '../doctor/source-part.ts';
import { warehousePart } from '../doctor/warehouse-part.ts';

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('doctor')
    .description(
      'check grants, settings, topics, streams, rights and disk by calls that change nothing',
    )
    .addOption(
      new Option(
        '--daemon <name>',
        'try each right that this daemon needs, with the credentials of this process',
      ).choices(identities),
    )
    .action(context.action(doctor));
  addExamples(command, [
    [
      'careplus doctor',
      'before the first start, and when something is odd; exit code 1 on an error',
    ],
    [
      'careplus doctor --config careplus.yaml --json',
      'the same for programs, against your own systems',
    ],
    ['careplus doctor --daemon archiver', 'each right of the archiver, run as the archiver'],
  ]);
}

/** A warehouse that sleeps takes a while to answer. */
const RIGHTS_MS = 60_000;

async function doctor(call: VerbCall): Promise<number> {
  const { output, signal, stateDir, options } = call;
  const daemon = options['daemon'];
  const findings =
    typeof daemon === 'string' && isIdentity(daemon)
      ? await lookAtAll(daemonParts(call.loadConfig(daemon), daemon), signal, RIGHTS_MS)
      : await lookAtEverything(call.loadConfig(), stateDir, signal);
  const ok = findings.every(({ severity }) => severity !== 'error');
  output.document({ ok, findings });
  const rows = findings.map(({ part, severity, found }) => [severity, part, found]);
  for (const line of alignedTable(['', 'part', 'found'], rows)) output.text(line);
  const cures = findings.filter(({ cure }) => cure !== null);
  if (cures.length > 0) output.text('');
  for (const { part, found, cure } of cures)
    output.text(`${part}: ${found}\n  what to do: ${cure ?? ''}`);
  return ok ? exitCodes.good : exitCodes.bad;
}

async function lookAtEverything(
  config: Config,
  stateDir: string,
  signal: AbortSignal,
): Promise<Finding[]> {
  const findings = await lookAtAll(allParts(config, stateDir), signal);
  // What does not answer would be found again by every daemon.
  if (findings.some(({ severity }) => severity === 'error')) return findings;
  return [...findings, ...(await lookAtLocalRights(config, signal))];
}

/** The rights of every daemon, where this process may sign as each: on the local stack. */
async function lookAtLocalRights(config: Config, signal: AbortSignal): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const identity of identities) {
    if (!signLocallyAs(identity)) break;
    if (identity === 'log-shipper' && config.logs === undefined) continue;
    const tried = await lookAtAll(daemonParts(config, identity), signal, RIGHTS_MS);
    const wrong = tried.filter(({ severity }) => severity === 'error');
    const held = tried.filter(({ severity, right }) => severity === 'ok' && right).length;
    const all = { part: 'rights', ...good(`${identity} has the ${held} rights that it needs`) };
    findings.push(
      ...(wrong.length > 0 ? wrong.map((each) => ({ ...each, part: 'rights' })) : [all]),
    );
  }
  return findings;
}

function allParts(config: Config, stateDir: string): Part[] {
  return [
    sourcePart(config),
    brokerPart(config),
    deliveryPart(config),
    lakePart(config),
    warehousePart(config),
    daemonsPart(config),
    diskPart(existsSync(stateDir) ? stateDir : '.'),
  ];
}
