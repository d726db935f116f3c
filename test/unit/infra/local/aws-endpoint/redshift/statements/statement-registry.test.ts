import { describe, expect, it } from 'vitest';
import { translate } from '../../../../../../../infra/local/aws-endpoint/redshift/dialect/translate.ts';
import { StatementRegistry } from '../../../../../../../infra/local/aws-endpoint/redshift/statements/statement-registry.ts';
import { Statement } from '../../../../../../../infra/local/aws-endpoint/redshift/statements/statement.ts';
import { parseExecute } from '../../../../../../../infra/local/aws-endpoint/redshift/wire/statement-requests.ts';

const workgroup = { name: 'w', database: 'd', secretArns: [] };

function statement(sql: string, ClientToken?: string): Statement {
  const input = { Sql: sql, WorkgroupName: 'w', Database: 'd', ClientToken };
  return new Statement(parseExecute(input, workgroup), [translate(sql)]);
}

describe('StatementRegistry', () => {
  it('finds by id and by token, and counts as active what has not been settled', () => {
    const registry = new StatementRegistry();
    const added = statement('SELECT 1', 'token');
    registry.add(added);
    expect(registry.find(added.id)).toBe(added);
    expect(registry.findToken('token')).toBe(added);
    expect(registry.active.size).toBe(1);
    added.end('FINISHED');
    registry.settle(added);
    expect(registry.active.size).toBe(0);
    expect(registry.findToken('token')).toBe(added);
  });

  it('lets the oldest go when the texts take too much memory, never one that runs', () => {
    const registry = new StatementRegistry();
    const running = statement('SELECT 1');
    registry.add(running);
    const sql = `SELECT '${'x'.repeat(99_000)}'`;
    const ended = Array.from({ length: 1_000 }, (_, n) => statement(sql, `token-${n}`));
    for (const each of ended) {
      registry.add(each);
      each.end('FINISHED');
      registry.settle(each);
    }
    expect(registry.find(running.id)).toBe(running);
    expect(registry.find(ended[0]?.id ?? '')).toBeUndefined();
    expect(registry.findToken('token-0')).toBeUndefined();
    expect(registry.find(ended.at(-1)?.id ?? '')).toBe(ended.at(-1));
    expect(registry.all().length).toBeLessThan(700);
  });
});
