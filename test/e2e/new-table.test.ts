import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestStack, type TestStack } from './local-stack.ts';
import { mysqlDump } from './mysql-dump.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** A code block of CONTRIBUTING.md that says what to do with it. */
interface Step {
  readonly action: string;
  readonly file: string;
  readonly text: string;
}

function stepsOf(markdown: string): Step[] {
  return [...markdown.matchAll(/^```\w+ (file|append|run)(?:=(\S+))?\n([\s\S]*?)^```$/gm)].map(
    ([, action = '', file = '', text = '']) => ({ action, file, text }),
  );
}

function runIn(cwd: string, program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  expect(status, `${program} ${args.join(' ')}\n${stdout}\n${stderr}`).toBe(0);
  return stdout;
}

/** The files of this tree as git knows them, with the same installed packages. */
function copyTree(): string {
  const copy = mkdtempSync(path.join(tmpdir(), 'careplus-copy-'));
  const listed = runIn(root, 'git', 'ls-files', '-z');
  for (const file of listed.split('\0').filter((name) => existsSync(path.join(root, name)))) {
    if (file !== '') cpSync(path.join(root, file), path.join(copy, file));
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
  runIn(copy, 'git', 'init', '--quiet');
  runIn(copy, 'git', 'add', '--all');
  return copy;
}

const columns = ['agent', 'team', 'shift'] as const;
const agents = [
  ['Kavya', 'Billing', 'Morning'],
  ['Rohit', 'Billing', 'Mornng'],
  ['Meena', 'Technical', 'Night'],
  ['Meena', 'Technical', 'Night'],
  ['Arjun', 'Technical', 'Noon'],
];

const agentsDump = () => `
DROP TABLE IF EXISTS \`agents\`;
CREATE TABLE \`agents\` (${columns.map((name) => `\`${name}\` varchar(100) DEFAULT NULL`).join(', ')}) ENGINE=InnoDB;
INSERT INTO \`agents\` VALUES ${agents.map((row) => `('${row.join("','")}')`).join(',')};
`;

describe('a new table by the steps of CONTRIBUTING.md', () => {
  let copy: string;
  let stack: TestStack | undefined;
  let mysql: Connection | undefined;

  const query = async (of: TestStack, sql: string): Promise<unknown[]> => {
    const idle = await of.careplus(['wait', '--idle']);
    expect(idle.code, idle.stderr).toBe(0);
    const { code, stdout, stderr } = await of.careplus(['--json', 'query', sql]);
    expect(code, stderr).toBe(0);
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line): unknown => JSON.parse(line));
  };
  const agentRows = (of: TestStack) =>
    query(of, 'SELECT agent, team, shift FROM reporting.agents ORDER BY agent');

  beforeAll(() => {
    copy = copyTree();
  });
  afterAll(async () => {
    await mysql?.end();
    await stack?.close();
    rmSync(copy, { recursive: true, force: true });
  });

  it('touches one folder, one line and one migration', () => {
    const steps = stepsOf(readFileSync(path.join(root, 'CONTRIBUTING.md'), 'utf8'));
    for (const { action, file, text } of steps) {
      const target = path.join(copy, file);
      if (action === 'run') runIn(copy, 'sh', '-e', '-c', text);
      else if (action === 'append') appendFileSync(target, text);
      else {
        mkdirSync(path.dirname(target), { recursive: true });
        writeFileSync(target, text);
      }
    }
    const touched = runIn(copy, 'git', 'status', '--porcelain', '--untracked-files=all')
      .split('\n')
      .filter((line) => !line.startsWith('A ') && line !== '')
      .map((line) => line.slice(3))
      .filter((file) => file !== 'docs/rules.md');
    const made = touched.filter((file) => !file.startsWith('schemas/datasets/agents/'));
    expect(made).toEqual(['schemas/datasets/tables.ts', 'schemas/warehouse/900-agents.sql']);
    expect(runIn(copy, 'git', 'diff', '--numstat', 'schemas/datasets/tables.ts')).toMatch(
      /^1\t0\t/,
    );
    expect(readFileSync(path.join(copy, 'docs/rules.md'), 'utf8')).toContain(
      '## agents, version 1',
    );
  });

  it('passes the checks of types and of the rules’ examples', () => {
    writeFileSync(
      path.join(copy, 'tsconfig.agents.json'),
      JSON.stringify({ extends: './tsconfig.json', include: ['schemas/**/*.ts'] }),
    );
    runIn(copy, 'npx', 'tsc', '-p', 'tsconfig.agents.json');
    runIn(copy, 'npx', 'vitest', 'run', '--project', 'unit', 'test/unit/schemas');
  });

  it('carries its rows from the dump into its reporting view, beside the tickets', async () => {
    const started = await createTestStack(copy);
    stack = started;
    const dump = path.join(path.dirname(started.stateDir), 'dump.sql');
    writeFileSync(dump, mysqlDump('careplus_support_db', []).replace(/INSERT INTO .*;\n/, ''));
    appendFileSync(dump, agentsDump());
    const up = await started.careplus(
      ['--json', 'up', '--tickets', dump, '--until-idle', '--keep-running'],
      170_000,
    );
    expect(up.code, up.stderr).toBe(0);
    const { datasets } = JSON.parse(up.stdout) as { datasets: object[] };
    expect(datasets).toContainEqual(
      expect.objectContaining({
        ...{ dataset: 'agents', ok: true, read: 5, shown: 3, repeats: 1, quarantined: 1 },
        ...{ superseded: 0, quarantined_repeats: 0, in_flight: 0, unexplained: 0 },
      }),
    );
    expect(await agentRows(started)).toEqual([
      { agent: 'Kavya', team: 'Billing', shift: 'Morning' },
      { agent: 'Meena', team: 'Technical', shift: 'Night' },
      { agent: 'Rohit', team: 'Billing', shift: 'Morning' },
    ]);
  });

  it('follows its changes, out of quarantine too, and closes its books', async () => {
    if (!stack) throw new Error('the stack has not started');
    mysql = await stack.mysql();
    await mysql.query(
      `UPDATE agents SET shift = 'Evening' WHERE agent = 'Arjun';
       DELETE FROM agents WHERE agent = 'Kavya';
       DELETE FROM agents WHERE agent = 'Meena' LIMIT 1;
       INSERT INTO agents VALUES ('Zoya', NULL, 'Night')`,
    );
    expect(await agentRows(stack)).toEqual([
      { agent: 'Arjun', team: 'Technical', shift: 'Evening' },
      { agent: 'Meena', team: 'Technical', shift: 'Night' },
      { agent: 'Rohit', team: 'Billing', shift: 'Morning' },
    ]);
    const verified = await stack.careplus(['verify']);
    expect(verified.code, verified.stdout).toBe(0);
    expect(verified.stdout).toContain('agents: 4 = 3 shown + 1 quarantined');
    const listed = await stack.careplus(['quarantine', 'list']);
    expect(listed.stdout).toMatch(/agents.*team:missing/);
  });
});
