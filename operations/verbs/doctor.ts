import { existsSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { identities, isIdentity } from '../../schemas/daemon-rights.ts';
import type { Config } from '../../runtime/config/config-schema.ts';
import { alignedTable } from '../cli/aligned-table.ts';
import type { CliContext, VerbCall } from '../cli/context.ts';
import { addExamples } from '../cli/examples.ts';
import { exitCodes } from '../cli/faults.ts';
import { brokerPart } from '../doctor/broker-part.ts';
import { daemonsPart, diskPart } from '../doctor/daemons-part.ts';
import { deliveryPart } from '../doctor/delivery-part.ts';
import { lookAtAll, type Part } from '../doctor/finding.ts';
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
      : await lookAtAll(allParts(call.loadConfig(), stateDir), signal);
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
