import type { Command } from 'commander';
import type { CliContext, VerbCall } from '../cli/context.ts';
import { addExamples } from '../cli/examples.ts';
import { exitCodes } from '../cli/faults.ts';
import { lifeLines } from '../trace/life-lines.ts';
import { traceTicket } from '../trace/trace-ticket.ts';
import { connectWarehouse } from '../warehouse-connection.ts';

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('trace <ticket-id>')
    .description('one ticket’s whole life with evidence, from binlog position to row')
    .action(context.action(trace));
  addExamples(command, [
    ['careplus trace TCK0701001', 'each change with its record, verdict, object, batch and age'],
    ['careplus trace TCK0701001 --json', 'the same for programs'],
  ]);
}

async function trace(call: VerbCall): Promise<number> {
  const { output, signal } = call;
  const [ticketId = ''] = call.args;
  const config = call.loadConfig();
  using warehouse = connectWarehouse(config);
  const life = await traceTicket({ config, api: warehouse.api, signal }, ticketId);
  output.document({ ok: life !== undefined, ...(life ?? { ticket_id: ticketId }) });
  if (!life) {
    output.note(`no change and no log entry with the ticket id '${ticketId}' has been read`);
    return exitCodes.bad;
  }
  for (const line of lifeLines(life)) output.text(line);
  return exitCodes.good;
}
