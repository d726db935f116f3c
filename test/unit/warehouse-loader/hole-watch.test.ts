import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { DataApi } from '../../../runtime/redshift/data-api.ts';
import { supportTickets as dataset } from '../../../schemas/datasets/support-tickets/index.ts';
import { createHoleWatch } from '../../../warehouse-loader/hole-watch.ts';
import { planOf } from '../../../warehouse-loader/load-plan.ts';

const signal = new AbortController().signal;

function watch() {
  const clock = { ms: 0 };
  const asked: string[] = [];
  const api = {
    query: async (sql: string) => {
      asked.push(sql);
      return {
        columns: [],
        rows: [{ source: 's', epoch: 1, missing_from: 5, missing_to: 7 }],
      };
    },
  } as unknown as DataApi;
  const log = pino({ level: 'silent' });
  const holes = createHoleWatch({
    api,
    plan: planOf(dataset),
    afterMs: 180,
    log,
    elapsed: () => clock.ms,
  });
  const note = (seq: number, waiting: number) => holes.note([{ id: 's/1', at: seq, waiting }]);
  return { clock, asked, holes, note };
}

test('a frontier that stands while images wait is asked about after the time, once', async () => {
  const { clock, asked, holes, note } = watch();
  note(4, 3);
  expect(await holes.check(signal)).toBeUndefined();
  clock.ms = 180;
  expect(await holes.check(signal)).toEqual([{ source: 's', epoch: 1, from: 5, to: 7 }]);
  clock.ms = 10_000;
  expect(await holes.check(signal)).toBeUndefined();
  expect(asked).toHaveLength(1);
});

test('another batch that does not move the frontier is a reason to ask again', async () => {
  const { clock, asked, holes, note } = watch();
  note(4, 3);
  clock.ms = 180;
  await holes.check(signal);
  note(4, 9);
  await holes.check(signal);
  expect(asked).toHaveLength(2);
});

test('a frontier that moves begins anew, and one without waiting images is never asked about', async () => {
  const { clock, asked, holes, note } = watch();
  note(4, 3);
  clock.ms = 100;
  note(6, 2);
  clock.ms = 200;
  expect(await holes.check(signal)).toBeUndefined();
  note(9, 0);
  clock.ms = 10_000;
  expect(await holes.check(signal)).toEqual([]);
  expect(asked).toEqual([]);
});
