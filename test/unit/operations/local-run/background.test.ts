import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { VerbCall } from '../../../../operations/cli/context.ts';
import { runInBackground } from '../../../../operations/local-run/background.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'careplus-background-'));
afterEach(() => rmSync(folder, { recursive: true }));

it('tells why the process in the background ended, and nothing of those before it', async () => {
  const program = path.join(folder, 'program.mjs');
  const notes: string[] = [];
  const run = async (reason: string) => {
    writeFileSync(program, `console.error('${reason}'); process.exit(78);`);
    notes.length = 0;
    return runInBackground([program], folder, {
      output: { note: (line: string) => void notes.push(line) },
      signal: new AbortController().signal,
    } as unknown as VerbCall);
  };
  expect(await run('the file has no table')).toBe(78);
  expect(await run('line 7 is wrong')).toBe(78);
  expect(notes).toEqual([
    'line 7 is wrong',
    `it ended; see ${path.join(folder, 'logs/supervisor.log')}`,
  ]);
});
