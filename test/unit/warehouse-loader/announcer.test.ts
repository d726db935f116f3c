import type { PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { DataApi } from '../../../runtime/redshift/data-api.ts';
import { supportTickets as dataset } from '../../../schemas/datasets/support-tickets/index.ts';
import { createAnnouncer } from '../../../warehouse-loader/announcer.ts';
import { planOf } from '../../../warehouse-loader/load-plan.ts';
import type { Position } from '../../../warehouse-loader/load-report.ts';

const signal = new AbortController().signal;
const rows = [
  { source: 's', epoch: 1, seq: 9, shown: 1, committed_ms: 5, waiting: 2, negative: 0 },
  { source: 's', epoch: 2, seq: 0, shown: 0, committed_ms: 0, waiting: 7 },
];

function world() {
  const state = { s3Up: true, reportThere: true };
  const puts: Record<string, unknown>[] = [];
  const asked: string[] = [];
  const heard: (readonly Position[])[] = [];
  const s3 = {
    send: async ({ input }: { readonly input: PutObjectCommandInput }) => {
      if (!state.s3Up) throw new Error('down');
      puts.push(JSON.parse(input.Body as string) as Record<string, unknown>);
    },
  } as unknown as S3Client;
  const api = {
    result: async (id: string) => {
      asked.push(id);
      if (!state.reportThere) throw new Error('no such statement');
      return { columns: [], rows };
    },
    query: async () => {
      asked.push('query');
      return { columns: [], rows };
    },
  } as unknown as DataApi;
  const log = pino({ level: 'silent' });
  const announcer = createAnnouncer({
    ...{ api, s3, bucket: 'lake', dataset, plan: planOf(dataset), log },
    onProgress: (positions) => void heard.push(positions),
  });
  return { state, puts, asked, heard, announcer };
}

test('announces the shown epoch of a batch from the batch’s own report', async () => {
  const { puts, asked, heard, announcer } = world();
  await announcer.announce('b1', 'id:35', signal);
  expect(puts).toMatchObject([
    { batch_id: 'b1', source: 's', epoch: 1, seq: 9, shown: true, committed_ms: 5 },
  ]);
  expect(asked).toEqual(['id:35']);
  expect(heard).toEqual([
    [
      { id: 's/1', at: 9, waiting: 2 },
      { id: 's/2', at: 0, waiting: 7 },
    ],
  ]);
  await announcer.catchUp(signal);
  expect(puts).toHaveLength(1);
});

test('asks the warehouse when the report is gone', async () => {
  const { state, puts, asked, announcer } = world();
  state.reportThere = false;
  await announcer.announce('b1', 'id:35', signal);
  expect(asked).toEqual(['id:35', 'query']);
  expect(puts).toHaveLength(1);
});

test('makes up for an announcement that failed, without asking the warehouse again', async () => {
  const { state, puts, asked, announcer } = world();
  state.s3Up = false;
  await announcer.announce('b1', 'id:35', signal);
  await announcer.catchUp(signal);
  state.s3Up = true;
  await announcer.catchUp(signal);
  await announcer.catchUp(signal);
  expect(puts).toMatchObject([{ batch_id: 'b1', seq: 9 }]);
  expect(asked).toEqual(['id:35']);
});
