import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CopiedTree } from './copied-tree.ts';
import { createTestStack, type TestStack } from './local-stack.ts';
import { mysqlDump } from './mysql-dump.ts';

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

const request = (time: string, what: string, rest = '200 512 "-" "curl/8.5"') =>
  `192.0.2.7 - - [${time}] "${what} HTTP/1.1" ${rest}\n`;
const midnight = '02/Jul/2025:00:30:00 +0200';
const requestsOfTheDay = [
  request(midnight, 'GET /tickets'),
  request(midnight, 'GET /tickets'),
  request('02/Jul/2025:09:00:00 +0200', 'POST /tickets', '201 - "https://a.example/" "-"'),
  request('30/Feb/2025:09:00:00 +0200', 'GET /'),
  request('02/Jul/2025:10:00:00 +0200', 'BREW /pot'),
  'no request\n',
].join('');

const supportEntry = `2025-07-01 00:13:07 [INFO] shop.Cart - TicketID=T1 SessionID=None
IP=192.0.2.7 | ResponseTime=12ms | CPU=7.50% | EventType=checkout | Error=false
UserAgent="agent" Message="paid" Debug="ok" TraceID=None
---
`;

const noBooks = {
  ...{ superseded: 0, quarantined_repeats: 0, dead_lettered: 0, in_flight: 0, unexplained: 0 },
};

describe('datasets by the steps of CONTRIBUTING.md', () => {
  let tree: CopiedTree;
  let stack: TestStack | undefined;
  let mysql: Connection | undefined;
  let logs: string;

  const started = (): TestStack => {
    if (!stack) throw new Error('the stack has not started');
    return stack;
  };
  const careplus = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await started().careplus(args);
    expect(code, `${args.join(' ')}\n${stdout}\n${stderr}`).toBe(0);
    return stdout;
  };
  const query = async (sql: string): Promise<unknown[]> => {
    await careplus('wait', '--idle');
    return (await careplus('--json', 'query', sql))
      .split('\n')
      .filter((line) => line !== '')
      .map((line): unknown => JSON.parse(line));
  };
  const agentRows = () => query('SELECT agent, team, shift FROM reporting.agents ORDER BY agent');
  const requests = () =>
    query(
      'SELECT requested_at, method, status, bytes_sent, user_agent, copies FROM reporting.access_entries ORDER BY requested_at, method',
    );

  beforeAll(() => {
    tree = new CopiedTree();
  });
  afterAll(async () => {
    await mysql?.end();
    await stack?.close();
    tree[Symbol.dispose]();
  });

  it.each([
    ['A new table', 'agents', 'tables', '900-agents'],
    ['A new log format', 'access-logs', 'log-formats', '901-access-logs'],
  ])('%s touches one folder, one line and one migration', (heading, name, list, migration) => {
    const { made, changed } = tree.follow(heading);
    const elsewhere = made.filter((file) => !file.startsWith(`schemas/datasets/${name}/`));
    expect(made.length).toBeGreaterThan(elsewhere.length);
    expect(elsewhere).toEqual([`schemas/warehouse/${migration}.sql`]);
    expect(changed.filter((file) => !file.startsWith('docs/rules.md'))).toEqual([
      `schemas/datasets/${list}.ts +1 -0`,
    ]);
    expect(readFileSync(tree.path('docs/rules.md'), 'utf8')).toContain(`## ${name}, version 1`);
  });

  it('pass the checks of format, types and the rules’ examples', () => {
    const folders = ['agents', 'access-logs'].map((name) => `schemas/datasets/${name}`);
    tree.run('npx', 'prettier', '--check', ...folders);
    writeFileSync(
      tree.path('tsconfig.datasets.json'),
      JSON.stringify({ extends: './tsconfig.json', include: ['schemas/**/*.ts'] }),
    );
    tree.run('npx', 'tsc', '-p', 'tsconfig.datasets.json');
    const tests = ['rule-table', 'log-framing', 'reporting-comments'];
    const files = tests.map((name) => `test/unit/schemas/${name}.test.ts`);
    tree.run('npx', 'vitest', 'run', '--project', 'unit', ...files);
  });

  it('carry rows and entries into their reporting views, beside tickets and logs', async () => {
    stack = await createTestStack(tree.root);
    const folder = path.dirname(stack.stateDir);
    const dump = path.join(folder, 'dump.sql');
    writeFileSync(dump, mysqlDump('careplus_support_db', []).replace(/INSERT INTO .*;\n/, ''));
    appendFileSync(dump, agentsDump());
    logs = path.join(folder, 'logs');
    mkdirSync(path.join(logs, 'access-logs'), { recursive: true });
    writeFileSync(path.join(logs, 'app.log'), supportEntry);
    writeFileSync(path.join(logs, 'access-logs', 'access.log'), requestsOfTheDay);
    const up = await stack.careplus(
      ['--json', 'up', '--tickets', dump, '--logs', logs, '--until-idle', '--keep-running'],
      170_000,
    );
    expect(up.code, up.stderr).toBe(0);
    const { datasets } = JSON.parse(up.stdout) as { datasets: object[] };
    for (const books of [
      { dataset: 'agents', read: 5, shown: 3, repeats: 1, quarantined: 1 },
      { dataset: 'access', read: 6, shown: 2, repeats: 1, quarantined: 3, files: 1 },
      { dataset: 'logs', read: 1, shown: 1, repeats: 0, quarantined: 0, files: 1 },
    ]) {
      expect(datasets).toContainEqual(expect.objectContaining({ ok: true, ...noBooks, ...books }));
    }
    expect(await agentRows()).toEqual([
      { agent: 'Kavya', team: 'Billing', shift: 'Morning' },
      { agent: 'Meena', team: 'Technical', shift: 'Night' },
      { agent: 'Rohit', team: 'Billing', shift: 'Morning' },
    ]);
    expect(await requests()).toEqual([
      {
        ...{ requested_at: '2025-07-01 22:30:00', method: 'GET', status: 200, bytes_sent: 512 },
        ...{ user_agent: 'curl/8.5', copies: 2 },
      },
      {
        ...{ requested_at: '2025-07-02 07:00:00', method: 'POST', status: 201, bytes_sent: null },
        ...{ user_agent: null, copies: 1 },
      },
    ]);
  });

  it('follow their changes, out of quarantine too, and close their books', async () => {
    mysql = await started().mysql();
    await mysql.query(
      `UPDATE agents SET shift = 'Evening' WHERE agent = 'Arjun';
       DELETE FROM agents WHERE agent = 'Kavya';
       DELETE FROM agents WHERE agent = 'Meena' LIMIT 1;
       INSERT INTO agents VALUES ('Zoya', NULL, 'Night')`,
    );
    const accessLog = path.join(logs, 'access-logs', 'access.log');
    // Rotated to where another format is expected: it stays what it is.
    renameSync(accessLog, path.join(logs, 'access.log.1'));
    writeFileSync(
      accessLog,
      request('03/Jul/2025:08:00:00 +0000', 'DELETE /tickets/1', '204 0 "-" "curl/8.5"'),
    );
    expect(await agentRows()).toEqual([
      { agent: 'Arjun', team: 'Technical', shift: 'Evening' },
      { agent: 'Meena', team: 'Technical', shift: 'Night' },
      { agent: 'Rohit', team: 'Billing', shift: 'Morning' },
    ]);
    const verified = await careplus('verify');
    expect(verified).toContain('agents: 4 = 3 shown + 1 quarantined');
    expect(verified).toContain('access: 7 = 3 shown + 1 repeats + 3 quarantined');
    expect(verified).toContain('logs: 1 = 1 shown');
    const listed = await careplus('quarantine', 'list');
    expect(listed).toMatch(/agents.*team:missing/);
    for (const reason of ['requested_at:impossible-date', 'method:unknown-value']) {
      expect(listed).toMatch(new RegExp(`access.*${reason}`));
    }
    expect(listed).toMatch(/access.*entry:unparsable/);
    const { hops } = JSON.parse(await careplus('--json', 'status')) as { hops: object[] };
    expect(hops).toContainEqual(
      expect.objectContaining({
        ...{ hop: 'log-shipper', dataset: 'access', ok: true },
        figures: expect.objectContaining({ files: 1, behind_bytes: 0 }) as object,
      }),
    );
  });

  it('are judged anew by other rules', async () => {
    const rules = tree.path('schemas/datasets/access-logs/rules.ts');
    const changed = readFileSync(rules, 'utf8')
      .replace("words: ['GET',", "words: ['BREW', 'GET',")
      .replace('rulesVersion = 1', 'rulesVersion = 2');
    writeFileSync(rules, changed);
    await careplus('replay', '--dataset', 'access', '--execute');
    const methods = await query(
      'SELECT method, COUNT(*) AS n FROM reporting.access_entries GROUP BY method ORDER BY method',
    );
    expect(methods).toContainEqual({ method: 'BREW', n: 1 });
    expect(await careplus('verify')).toContain('access: 7 = 4 shown + 1 repeats + 2 quarantined');
  });
});
