import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteDeliveryStreamCommand } from '@aws-sdk/client-firehose';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Trouble } from '../../../runtime/daemon/progress.ts';
import {
  createFirehoseSender,
  type FirehoseSenderOptions,
} from '../../../stream-processors/firehose/firehose-sender.ts';
import {
  type EndpointProcess,
  startEndpointProcess,
} from '../../conformance/endpoint-under-test.ts';
import { type LakeClients, openLakeClients, range, STREAM } from '../aws-endpoint/lake-clients.ts';

let stateDir: string;
let endpoint: EndpointProcess;
let lake: LakeClients;
let next = 0;

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'careplus-sender-'));
  endpoint = await startEndpointProcess(stateDir);
  lake = openLakeClients(endpoint.url);
  await lake.create(0);
});

afterEach(async () => {
  await lake.faults.clear();
});

afterAll(async () => {
  lake.destroy();
  await endpoint.stop();
  await rm(stateDir, { recursive: true });
});

/** Numbers that no test has used. */
function fresh(count: number): readonly number[] {
  const numbers = range(next, count);
  next += count;
  return numbers;
}

const recordsOf = (numbers: readonly number[]) =>
  numbers.map((seq) => Buffer.from(`${JSON.stringify({ seq })}\n`));

/** A sender to the local stream, and what it told. */
function createSender(options: Partial<FirehoseSenderOptions> = {}) {
  const troubles: (Trouble | undefined)[] = [];
  const sender = createFirehoseSender({
    ...{ client: lake.firehose, stream: STREAM, log: pino({ level: 'silent' }), baseDelayMs: 5 },
    onTrouble: (trouble) => void troubles.push(trouble),
    ...options,
  });
  const send = (numbers: readonly number[], standIn?: (index: number) => Buffer) =>
    sender.send(recordsOf(numbers), {
      signal: AbortSignal.timeout(30_000),
      ...(standIn ? { standIn } : {}),
    });
  return { send, troubles, codes: () => troubles.map((trouble) => trouble?.code) };
}

const missing = async (numbers: readonly number[]) => {
  const there = new Set(await lake.delivered());
  return numbers.filter((number) => !there.has(number));
};

const arrive = (numbers: readonly number[]) =>
  vi.waitFor(async () => expect(await missing(numbers)).toEqual([]), { timeout: 20_000 });

describe('the sender and a stream that fails', () => {
  it('delivers everything under 30 % refusals, bursts of 503 and 500, and cut sockets', async () => {
    await lake.faults.add(
      { op: 'PutRecordBatch', skip: 2, times: 4, action: 'throttle' },
      { op: 'PutRecordBatch', skip: 3, times: 2, action: 'drop-after' },
      { op: 'PutRecordBatch', skip: 3, times: 2, action: 'error' },
      { op: 'PutRecordBatch', skip: 5, times: 2, action: 'drop-before' },
      { op: 'PutRecordBatch', skip: 2, times: 2, action: 'refuse', code: 'ThrottlingException' },
      { op: 'PutRecordBatch', action: 'fail-records', share: 0.3, times: 100_000 },
    );
    const numbers = fresh(5_000);
    const refusals: number[] = [];
    const failures: string[] = [];
    const { send, troubles } = createSender({
      onRecordFailures: (count) => void refusals.push(count),
      onCallFailure: (code) => void failures.push(code),
    });
    expect(await send(numbers, () => Buffer.from('{}'))).toEqual([]);
    await arrive(numbers);
    expect(failures).toEqual(Array.from({ length: 12 }, () => 'LAKE_4001'));
    // 0.3 + 0.3² + … of all records that were asked of.
    const refused = refusals.reduce((sum, count) => sum + count, 0);
    expect(refused / numbers.length).toBeGreaterThan(0.35);
    expect(troubles).toEqual([]);
  });

  it('waits for a stream that is missing, says so, and goes on when it is there', async () => {
    await lake.firehose.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName: STREAM }));
    const numbers = fresh(700);
    const { send, troubles, codes } = createSender();
    const sending = send(numbers);
    await vi.waitFor(() => expect(codes()).toEqual(['LAKE_4002']));
    expect(troubles[0]?.message).toContain(`Firehose ${STREAM} under account`);
    await lake.createStream(0);
    await sending;
    await arrive(numbers);
    expect(codes()).toEqual(['LAKE_4002', undefined]);
  });

  it('waits for credentials that have expired, says so, and goes on with renewed ones', async () => {
    await lake.faults.add({
      ...{ op: 'PutRecordBatch', action: 'refuse', code: 'ExpiredTokenException', times: 6 },
    });
    const numbers = fresh(700);
    const { send, codes } = createSender();
    await send(numbers);
    await arrive(numbers);
    expect(codes()).toEqual(['LAKE_4006', undefined]);
  });

  it('lets the number of a record that is refused for ever stand in for it, amid 30 % refusals', async () => {
    const numbers = fresh(600);
    const standIns = fresh(600);
    const poison = numbers[123] ?? -1;
    await lake.faults.add({
      ...{ op: 'PutRecordBatch', action: 'fail-records', times: 100_000 },
      ...{ share: 0.3, containing: `"seq":${poison}}` },
    });
    const standIn = (index: number) => Buffer.from(`${JSON.stringify({ seq: standIns[index] })}\n`);
    const { send } = createSender();
    expect(await send(numbers, standIn)).toEqual([123]);
    const standing = standIns[123] ?? -1;
    await arrive([...numbers.filter((number) => number !== poison), standing]);
    expect(await missing([poison])).toEqual([poison]);
  });
});
