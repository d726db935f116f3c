import { expect, it } from 'vitest';
import { rangesOf } from '../../../../operations/quarantine/requeue.ts';

it('looks in the smallest ranges of the topic that hold all quarantined rows', () => {
  const rows = ['kafka:0:5', 'kafka:3:7', 'kafka:0:2', null, 'lake'].map((raw_pointer) => ({
    raw_pointer,
  }));
  expect(rangesOf(rows)).toEqual(
    new Map([
      [0, { start: 2n, end: 6n }],
      [3, { start: 7n, end: 8n }],
    ]),
  );
});
