import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { alignedTable } from '../cli/aligned-table.ts';
import type { CliContext, VerbCall } from '../cli/context.ts';
import { addExamples } from '../cli/examples.ts';
import { exitCodes } from '../cli/faults.ts';
import { brokerPart } from '../doctor/broker-part.ts';
import { daemonsPart, diskPart } from '../doctor/daemons-part.ts';
import { deliveryPart } from '../doctor/delivery-part.ts';
import { lookAtAll } from '../doctor/finding.ts';
import { lakePart } from '../doctor/lake-part.ts';
import { sourcePart } from '../doctor/source-part.ts';
import { warehousePart } from '../doctor/warehouse-part.ts';

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('doctor')
    .description(
      'check grants, settings, topics, streams, rights and disk by calls that change nothing',
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
  ]);
}

async function doctor(call: VerbCall): Promise<number> {
  const { output, signal, stateDir } = call;
  const config = call.loadConfig();
  const findings = await lookAtAll(
    [
      sourcePart(config),
      brokerPart(config),
      deliveryPart(config),
      lakePart(config),
      warehousePart(config),
      daemonsPart(config),
      diskPart(existsSync(stateDir) ? stateDir : '.'),
    ],
    signal,
  );
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
