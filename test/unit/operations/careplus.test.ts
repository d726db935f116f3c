import { execFile } from 'node:child_process';
import path from 'node:path';
import { expect, it } from 'vitest';

const bin = path.resolve(import.meta.dirname, '../../../operations/careplus.ts');

function careplus(...args: string[]) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [bin, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

it('ends with the exit code of its verb and keeps stdout to the result', async () => {
  const [good, unusable] = await Promise.all([
    careplus('--version'),
    careplus('forget', 'TCK1', '--dataset', 'nothing', '--json'),
  ]);
  expect(good).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string,
    stderr: '',
  });
  expect(unusable).toEqual({
    code: 78,
    stdout: expect.stringContaining('"code":"usage"') as string,
    stderr: expect.stringContaining('write one of tickets') as string,
  });
}, 30_000);
