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
