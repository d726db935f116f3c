import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { FirehoseClient, PutRecordBatchCommand } from '@aws-sdk/client-firehose';
import {
  batches,
  createFirehoseSender,
} from '../../../stream-processors/firehose/firehose-sender.ts';

type Reply = (records: readonly string[]) => unknown;

/** A client that answers each call by the next reply, then accepts everything. */
function scriptedClient(replies: Reply[]) {
  const delivered: string[] = [];
  let calls = 0;
  const accept: Reply = (records) => {
    delivered.push(...records);
    return { FailedPutCount: 0, RequestResponses: records.map((_, i) => ({ RecordId: `r${i}` })) };
  };
  const client = {
    send: async (command: PutRecordBatchCommand) => {
      calls += 1;
      const records = (command.input.Records ?? []).map(({ Data }) =>
        Buffer.from(Data ?? []).toString(),
      );
      return (replies.shift() ?? accept)(records);
    },
  } as unknown as FirehoseClient;
  return { client, delivered, calls: () => calls };
}

const log = pino({ level: 'silent' });
const records = (count: number) => Array.from({ length: count }, (_, i) => Buffer.from(`${i}`));
const named = (name: string) => Object.assign(new Error(name), { name });

describe('firehose sender', () => {
  it('resends exactly the records that Firehose refused', async () => {
    const odd: string[] = [];
    const script = scriptedClient([
      (sent) => ({
        FailedPutCount: 1,
        RequestResponses: sent.map((record, i) => {
          if (i % 2 === 0) return { RecordId: 'ok' };
          odd.push(record);
          return { ErrorCode: 'ServiceUnavailableException', ErrorMessage: 'Slow down.' };
        }),
      }),
    ]);
    const sender = createFirehoseSender({ ...script, stream: 's', log, baseDelayMs: 1 });
    await sender.send(records(10), AbortSignal.timeout(5_000));
    expect(script.delivered).toEqual(odd);
    expect(script.calls()).toBe(2);
  });

  it('resends the whole call when the reply was lost', async () => {
    const script = scriptedClient([
      () => {
        throw named('TimeoutError');
      },
    ]);
    const sender = createFirehoseSender({ ...script, stream: 's', log, baseDelayMs: 1 });
    await sender.send(records(3), AbortSignal.timeout(5_000));
    expect(script.delivered).toEqual(['0', '1', '2']);
  });

  it('resends the whole call when the reply does not answer for each record', async () => {
    const script = scriptedClient([() => ({ FailedPutCount: 0, RequestResponses: [] })]);
    const sender = createFirehoseSender({ ...script, stream: 's', log, baseDelayMs: 1 });
    await sender.send(records(2), AbortSignal.timeout(5_000));
    expect(script.delivered).toEqual(['0', '1']);
  });

  it('ends with LAKE_4002 when the stream is missing', async () => {
    const script = scriptedClient([
      () => {
        throw named('ResourceNotFoundException');
      },
    ]);
    const sender = createFirehoseSender({ ...script, stream: 's', log, baseDelayMs: 1 });
    await expect(sender.send(records(1), AbortSignal.timeout(5_000))).rejects.toMatchObject({
      code: 'LAKE_4002',
    });
  });

  it('stops waiting for a dead sink when the signal aborts', async () => {
    const stop = new AbortController();
    const dead: Reply = () => {
      stop.abort();
      throw named('ServiceUnavailableException');
    };
    const script = scriptedClient([dead]);
    const sender = createFirehoseSender({ ...script, stream: 's', log, baseDelayMs: 60_000 });
    await expect(sender.send(records(1), stop.signal)).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it('cuts calls by count and by bytes', () => {
    expect([...batches(records(1_100))].map((batch) => batch.length)).toEqual([500, 500, 100]);
    const large = Array.from({ length: 5 }, () => Buffer.alloc(900 * 1024));
    expect([...batches(large)].map((batch) => batch.length)).toEqual([3, 2]);
    expect(() => [...batches([Buffer.alloc(1000 * 1024 + 1)])]).toThrow(RangeError);
  });
});
