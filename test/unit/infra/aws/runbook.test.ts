import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { alarmPlans } from '../../../../infra/aws/alarms.ts';
import { daemonPlans } from '../../../../infra/aws/daemons.ts';
import { costTable } from '../../../../infra/aws/cost-model.ts';
import { runCommandLine } from '../../../../operations/command-line.ts';
import { errorCodes } from '../../../../schemas/error-codes.ts';
import { example } from './fixtures/example-deployment.ts';

const runbook = readFileSync(
  path.resolve(import.meta.dirname, '../../../../docs/runbook.md'),
  'utf8',
);

/** As GitHub makes them from headings. */
function anchors(): Set<string> {
  const headings = [...runbook.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => title);
  return new Set(
    headings.map((title) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** Lines of code that call the command, as arguments. */
function commands(): string[][] {
  const blocks = [...runbook.matchAll(/```sh\n(.*?)```/gs)].map(([, text = '']) => text);
  const lines = blocks.flatMap((text) => text.split('\n').map((line) => line.trim()));
  const calls = lines.filter((line) => /^careplus /.test(line));
  const inText = [...runbook.matchAll(/`(careplus [^`]+)`/g)].map(([, text = '']) => text);
  return [...calls, ...inText].map((line) =>
    [...line.matchAll(/"([^"]*)"|(\S+)/g)].slice(1).map(([, quoted, bare]) => quoted ?? bare ?? ''),
  );
}

async function helpOf(args: readonly string[]) {
  let text = '';
  const write = (part: string) => (text += part);
  const code = await runCommandLine([...args, '--help'], { stdout: { write }, stderr: { write } });
  return { code, text };
}

describe('the runbook', () => {
  test('has a heading for every alarm, and none that no alarm names', () => {
    const wanted = new Set(alarmPlans(example).map(({ runbook: anchor }) => anchor));
    const own = [...runbook.matchAll(/^### (.+)$/gm)].map(([, title = '']) => title);
    expect(new Set(own)).toEqual(wanted);
    for (const anchor of wanted) expect(anchors()).toContain(anchor);
  });

  test('its links lead somewhere', () => {
    const links = [...runbook.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = '']) => anchor);
    expect(links.length).toBeGreaterThan(10);
    for (const anchor of links) expect(anchors()).toContain(anchor);
  });

  test('calls the command only with verbs and flags that it has', async () => {
    const calls = commands();
    expect(calls.length).toBeGreaterThan(20);
    for (const args of calls) {
      const line = args.join(' ');
      const { code, text } = await helpOf(args);
      expect(code, line).toBe(0);
      expect(text, line).toContain(`Usage: careplus ${args[0] ?? ''}`);
      for (const flag of args.filter((arg) => arg.startsWith('--'))) {
        expect(text, line).toMatch(new RegExp(`^\\s+(-\\w, )?${flag}\\b`, 'm'));
      }
    }
  });

  test('tries the rights of every daemon that a deployment has', async () => {
    const [, loop = ''] =
      /for daemon in ([^;]+); do\n.*--task-definition \$NAME-\$daemon/.exec(
        runbook.slice(runbook.indexOf('rights() {')),
      ) ?? [];
    const tried = loop.split(' ');
    expect(tried.sort()).toEqual(
      daemonPlans(example)
        .map(({ name }) => name)
        .sort(),
    );
    expect((await helpOf(['doctor', '--daemon', tried[0] ?? ''])).code).toBe(0);
  });

  test('its function starts a task with the arguments as they are, and ends as the task ended', () => {
    const [, text = ''] = /```sh\n(NAME=careplus\n.*?)```/s.exec(runbook) ?? [];
    // Stands for the AWS CLI: tells what it is asked on stderr, and what the function needs on stdout.
    const aws = `aws() {
      printf '%s\\n' "$*" >&2
      case "$2" in
        describe-subnets) printf 'subnet-1\\tsubnet-2\\n' ;;
        describe-security-groups) echo sg-1 ;;
        run-task) echo arn:aws:ecs:eu-central-1:1:task/careplus/t-1 ;;
        describe-tasks) echo 1 ;;
      esac
    }`;
    const sql = `SELECT 'a "b" $c' AS "d"`;
    const args = ['query', '--json', sql];
    const called = spawnSync(
      'bash',
      ['-euc', `${aws}\n${text}\ncareplus "$@"`, 'runbook', ...args],
      {
        encoding: 'utf8',
        env: { PATH: `${path.dirname(process.execPath)}:${process.env['PATH'] ?? ''}` },
      },
    );
    expect(called.status, called.stderr).toBe(1);
    const [run = ''] = called.stderr.split('\n').filter((line) => line.startsWith('ecs run-task'));
    expect(run).toContain('subnets=[subnet-1,subnet-2],securityGroups=[sg-1]');
    const [, overrides = ''] = /--overrides (.*) --query/.exec(run) ?? [];
    expect(JSON.parse(overrides)).toEqual({
      containerOverrides: [{ name: 'operations', command: args }],
    });
    expect(called.stderr).toContain('task/operations/t-1');
  });

  test('would notice a flag that there is not', async () => {
    const { text } = await helpOf(['verify', '--nonsense']);
    expect(text).not.toMatch(/^\s+--nonsense\b/m);
  });

  test('names error codes that there are', () => {
    const named = new Set([...runbook.matchAll(/\b[A-Z]{2,4}_\d{4}\b/g)].map(([code]) => code));
    expect(named.size).toBeGreaterThan(8);
    for (const code of named) expect(Object.keys(errorCodes)).toContain(code);
  });

  test('shows the costs that the model gives', () => {
    const [, shown = ''] = /<!-- costs -->\n(.*?)<!-- \/costs -->/s.exec(runbook) ?? [];
    const cells = (table: string) =>
      table
        .trim()
        .split('\n')
        .map((row) => row.split('|').map((cell) => cell.trim().replace(/-+/, '-')));
    expect(cells(shown)).toEqual(cells(costTable(example)));
  });
});
