import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { alignedTable, type TableValue } from '../cli/aligned-table.ts';
import type { CliContext, VerbCall } from '../cli/context.ts';
import { addExamples } from '../cli/examples.ts';
import { exitCodes, reportUsage } from '../cli/faults.ts';
import type { Output } from '../cli/output.ts';
import { connectWarehouse } from '../warehouse-connection.ts';

export function register(program: Command, context: CliContext): void {
  const command = program
    .command('query <sql>')
    .description(
      'rows of the warehouse (Redshift Data API) or of the lake; `-` reads SQL from stdin',
    )
    .option('--lake', 'run the SQL by DuckDB over the Parquet objects of the bucket')
    .action(context.action(query));
  addExamples(command, [
    ['careplus query "SELECT status, COUNT(*) FROM careplus.tickets GROUP BY status"', 'a table'],
    ['careplus query --json "SELECT * FROM careplus.quarantine"', 'one JSON object a line'],
    ['careplus query --lake "SELECT COUNT(*) FROM support_ticket_images"', 'images in the lake'],
    ['careplus query --lake "SELECT * FROM support_tickets LIMIT 9"', 'what they add up to'],
    ['careplus query - < report.sql', 'SQL from a file'],
  ]);
}

async function query(call: VerbCall): Promise<number> {
  const [given = ''] = call.args;
  const sql = given === '-' ? await text(process.stdin) : given;
  if (sql.trim() === '') {
    call.output.note('error: the SQL is empty');
    return reportUsage('the SQL is empty', call.output);
  }
  const config = call.loadConfig();
  const rows = createRowOutput(call.output);
  if (call.options['lake'] === true) {
    const { queryLake } = await import('../lake/lake-query.ts');
    await queryLake(config.aws, sql, call.signal, async (result) => {
      rows.begin(result.columns);
      for await (const chunk of result.rows) for (const row of chunk) rows.add(row);
    });
  } else {
    using warehouse = connectWarehouse(config);
    const result = await warehouse.api.query(sql, { signal: call.signal });
    const columns = result.columns.map(({ name }) => name);
    rows.begin(columns);
    for (const row of result.rows) rows.add(columns.map((name) => row[name] ?? null));
  }
  rows.end();
  return exitCodes.good;
}

interface RowOutput {
  begin(columns: readonly string[]): void;
  add(row: readonly TableValue[]): void;
  end(): void;
}

/** Lines as they come with `--json`; a table needs all rows before its first line. */
function createRowOutput(output: Output): RowOutput {
  let columns: readonly string[] = [];
  const kept: (readonly TableValue[])[] = [];
  return {
    begin: (names) => {
      columns = names;
    },
    add: (row) => {
      if (!output.json) kept.push(row);
      else
        output.line(Object.fromEntries(columns.map((name, index) => [name, row[index] ?? null])));
    },
    end: () => {
      if (output.json || columns.length === 0) return;
      for (const line of alignedTable(columns, kept)) output.text(line);
      output.text(`(${kept.length} ${kept.length === 1 ? 'row' : 'rows'})`);
    },
  };
}
