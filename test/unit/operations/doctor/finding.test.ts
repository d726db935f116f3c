import { expect, it } from 'vitest';
import { bad, good, lookAtAll, type Part } from '../../../../operations/doctor/finding.ts';
import { isThisMachine } from '../../../../operations/doctor/this-machine.ts';
import { PipelineError } from '../../../../runtime/pipeline-error.ts';

const never = new AbortController().signal;
const part = (name: string, look: Part['look']): Part => ({ name, look });

it('looks at every part, though one throws and one never answers', async () => {
  const parts = [
    part('lake', () => Promise.reject(new PipelineError('LAKE_4002', 'AccessDenied'))),
    part('broker', () => new Promise(() => undefined)),
    part('disk', async () => [good('room'), bad('none', 'make some')]),
  ];
  expect(await lookAtAll(parts, never, 50)).toEqual([
    {
      part: 'lake',
      severity: 'error',
      found: 'AccessDenied',
      cure: new PipelineError('LAKE_4002', '').remedy,
    },
    expect.objectContaining({
      part: 'broker',
      severity: 'error',
      found: 'no answer within 0.05 s',
    }),
    { part: 'disk', severity: 'ok', found: 'room', cure: null },
    { part: 'disk', severity: 'error', found: 'none', cure: 'make some' },
  ]);
});

it('ends when it is told to', async () => {
  const stop = new AbortController();
  const looking = lookAtAll([part('broker', () => new Promise(() => undefined))], stop.signal);
  stop.abort(new Error('interrupted'));
  await expect(looking).rejects.toThrow('interrupted');
});

it.each([
  ['127.0.0.1', true],
  ['127.0.0.1:9092', true],
  ['localhost:3306', true],
  ['[::1]:1', true],
  ['127.example.com', false],
  ['localhost.example.com', false],
  ['10.0.0.1:9092', false],
])('takes %s for this machine: %s', (host, here) => {
  expect(isThisMachine(host)).toBe(here);
});
