import type { S3Client } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import { holesSchema } from '../../../schemas/holes.ts';
import { createHoleReport } from '../../../warehouse-loader/hole-report.ts';

const signal = new AbortController().signal;

it('tells what is missing once, again after a failed write and a batch, and when nothing is any more', async () => {
  const written: string[] = [];
  let failures = 0;
  const s3 = {
    send: async ({
      input,
    }: {
      readonly input: { readonly Key: string; readonly Body: string };
    }) => {
      if (failures-- > 0) throw new Error('planted');
      expect(input.Key).toBe('_loader/holes/support-tickets.json');
      written.push(input.Body);
    },
  } as unknown as S3Client;
  const report = createHoleReport(s3, 'bucket', supportTickets);
  await report.publish(signal);
  expect(written).toEqual([]);
  const hole = { source: 's', epoch: 7, from: 3, to: 4 };
  report.note([hole]);
  failures = 1;
  await expect(report.publish(signal)).rejects.toMatchObject({ code: 'LAKE_4002' });
  await report.publish(signal);
  await report.publish(signal);
  report.note([]);
  await report.publish(signal);
  // Nothing new is known, then the same is.
  report.renew();
  await report.publish(signal);
  report.note([]);
  await report.publish(signal);
  await report.publish(signal);
  expect(written.map((text) => holesSchema.parse(JSON.parse(text)).holes)).toEqual([
    [{ line: 's:7', from: 3, to: 4 }],
    [],
    [],
  ]);
});
