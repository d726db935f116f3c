import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { FirehoseClient, PutRecordBatchCommand } from '@aws-sdk/client-firehose';
import { seededRandom } from '../../../../infra/local/demo-data/random.ts';
import type { Trouble } from '../../../../runtime/daemon/progress.ts';
import {
  createFirehoseSender,
  type FirehoseSenderOptions,
} from '../../../../stream-processors/firehose/firehose-sender.ts';

/** Decides over one record of a call: taken, or refused. */
type Takes = (record: string, call: number) => boolean;

const named = (name: string) => Object.assign(new Error(name), { name });

/** A stream that takes and refuses records as it is told; a call fails where `fails` gives an error. */
function scriptedStream(
  takes: Takes,
  fails: (records: readonly string[], call: number) => Error | undefined = () => undefined,
) {
  const delivered: string[] = [];
  let [calls, open, mostOpen] = [0, 0, 0];
  const client = {
    send: async (command: PutRecordBatchCommand) => {
      const call = calls++;
      open += 1;
      mostOpen = Math.max(mostOpen, open);
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
      const sent = (command.input.Records ?? []).map(({ Data }) =>
        Buffer.from(Data ?? []).toString(),
      );
      const failure = fails(sent, call);
      if (failure) throw failure;
      const RequestResponses = sent.map((record, index) => {
        if (!takes(record, call)) return { ErrorCode: 'ServiceUnavailableException' };
        delivered.push(record);
        return { RecordId: `r${index}` };
      });
      return { RequestResponses };
    },
  } as unknown as FirehoseClient;
  return { client, delivered, calls: () => calls, mostOpen: () => mostOpen };
}

const log = pino({ level: 'silent' });
const texts = (count: number) => Array.from({ length: count }, (_, index) => `${index}`);
const records = (of: readonly string[]) => of.map((text) => Buffer.from(text));
const soon = () => AbortSignal.timeout(10_000);
const sender = (
  { client }: { readonly client: FirehoseClient },
  options: Partial<FirehoseSenderOptions> = {},
) => createFirehoseSender({ client, stream: 's', log, baseDelayMs: 1, maxDelayMs: 4, ...options });
const marker = (text: string) => `marker of ${text}`;

describe('firehose sender', () => {
  it('resends exactly the records that Firehose refused', async () => {
    const stream = scriptedStream((record, call) => call > 0 || Number(record) % 2 === 0);
    const refused: number[] = [];
    const onRecordFailures = (count: number) => void refused.push(count);
    await sender(stream, { onRecordFailures }).send(records(texts(10)), { signal: soon() });
    expect(stream.delivered).toEqual(['0', '2', '4', '6', '8', '1', '3', '5', '7', '9']);
    expect(refused).toEqual([5]);
  });

  it.each([
    'TimeoutError',
    'ServiceUnavailableException',
    'ThrottlingException',
    'InternalFailure',
  ])('resends the whole call after %s, for it may or may not have been taken', async (name) => {
    const failed: string[] = [];
    const stream = scriptedStream(
      () => true,
      (_, call) => (call < 3 ? named(name) : undefined),
    );
    const onCallFailure = (code: string) => void failed.push(code);
    await sender(stream, { onCallFailure }).send(records(texts(3)), { signal: soon() });
    expect(stream.delivered).toEqual(['0', '1', '2']);
    expect(failed).toEqual(['LAKE_4001', 'LAKE_4001', 'LAKE_4001']);
  });

  it('loses nothing under random refusals, errors and lost replies at any rate', async () => {
    for (const rate of [0.1, 0.5, 0.9]) {
      const random = seededRandom(rate * 10);
      const stream = scriptedStream(
        () => random() >= rate,
        () => (random() < 0.2 ? named('TimeoutError') : undefined),
      );
      const all = texts(700);
      const replaced = await sender(stream).send(records(all), {
        signal: soon(),
        standIn: (index) => Buffer.from(marker(String(index))),
      });
      expect(replaced).toEqual([]);
      const delivered = new Set(stream.delivered.filter((text) => !text.startsWith('marker')));
      expect(delivered).toEqual(new Set(all));
    }
  });

  it('delivers a stand-in for a record that is refused for ever, and all the others first', async () => {
    const poison = new Set(['3', '7']);
    const stream = scriptedStream((record) => !poison.has(record));
    const replaced = await sender(stream).send(records(texts(10)), {
      signal: soon(),
      standIn: (index) => Buffer.from(marker(String(index))),
    });
    expect(replaced).toEqual([3, 7]);
    expect(stream.delivered.slice(0, 8)).toEqual(['0', '1', '2', '4', '5', '6', '8', '9']);
    expect(new Set(stream.delivered.slice(8))).toEqual(new Set([marker('3'), marker('7')]));
  });

  it('finds the one record for which Firehose refuses a whole call', async () => {
    const stream = scriptedStream(
      () => true,
      (sent) => (sent.includes('123') ? named('InvalidArgumentException') : undefined),
    );
    const all = texts(300);
    const replaced = await sender(stream).send(records(all), {
      signal: soon(),
      standIn: (index) => Buffer.from(marker(String(index))),
    });
    expect(replaced).toEqual([123]);
    const others = all.filter((text) => text !== '123');
    expect(new Set(stream.delivered)).toEqual(new Set([...others, marker('123')]));
    expect(stream.calls()).toBeLessThan(40);
  });

  it('replaces nothing when a stream that finds fault with every call is cured meanwhile', async () => {
    const stream = scriptedStream(
      () => true,
      (_, call) => (call < 2 ? named('InvalidArgumentException') : undefined),
    );
    // The second attempt at the record fails, then its stand-in is taken: a proof, but not enough.
    const replaced = await sender(stream).send(records(['a']), {
      signal: soon(),
      standIn: (index) => Buffer.from(marker(String(index))),
    });
    expect(replaced).toEqual([]);
    expect(stream.delivered).toEqual([marker('0'), 'a']);
  });

  it('replaces nothing while the stream refuses everything', async () => {
    const end = new AbortController();
    const stream = scriptedStream(
      () => false,
      (_, call) => {
        if (call > 200) end.abort();
        return undefined;
      },
    );
    const sending = sender(stream).send(records(texts(3)), {
      signal: end.signal,
      standIn: (index) => Buffer.from(marker(String(index))),
    });
    await expect(sending).rejects.toMatchObject({ name: 'AbortError' });
    expect(stream.delivered).toEqual([]);
  });

  it('tells of a record that is refused and has no stand-in, and goes on until it is taken', async () => {
    const told: unknown[] = [];
    const stream = scriptedStream((record, call) => record !== '1' || call > 30);
    const memory = pino({ base: null }, { write: (line) => void told.push(JSON.parse(line)) });
    const replaced = await sender(stream, { log: memory }).send(records(texts(3)), {
      signal: soon(),
    });
    expect(replaced).toEqual([]);
    expect(new Set(stream.delivered)).toEqual(new Set(['0', '1', '2']));
    expect(told).toMatchObject([{ code: 'LAKE_4005', stream: 's', count: 1 }]);
  });

  it('says after a while that a stream refuses every record', async () => {
    const told: (Trouble | undefined)[] = [];
    const stream = scriptedStream((_, call) => call >= 60);
    const onTrouble = (trouble: Trouble | undefined) => void told.push(trouble);
    await sender(stream, { onTrouble, outageMs: 20 }).send(records(['a']), { signal: soon() });
    expect(told.map((trouble) => trouble?.code)).toEqual(['LAKE_4001', undefined]);
    expect(told[0]?.message).toContain('every record is refused: ServiceUnavailableException');
  });

  it('refuses a record over the limit that has no stand-in', async () => {
    const stream = scriptedStream(() => true);
    const sending = sender(stream).send([Buffer.alloc(1000 * 1024 + 1)], { signal: soon() });
    await expect(sending).rejects.toMatchObject({ code: 'LAKE_4005' });
  });

  it('never calls with a record over the limit: its stand-in goes', async () => {
    const large = Buffer.alloc(1000 * 1024 + 1, 'x');
    const stream = scriptedStream((record) => record.length < 100);
    const replaced = await sender(stream).send([Buffer.from('a'), large, Buffer.from('b')], {
      signal: soon(),
      standIn: () => Buffer.from('small'),
    });
    expect(replaced).toEqual([1]);
    expect([...stream.delivered].sort()).toEqual(['a', 'b', 'small']);
  });

  it.each([
    ['ResourceNotFoundException', 'LAKE_4002'],
    ['AccessDeniedException', 'LAKE_4002'],
    ['ExpiredTokenException', 'LAKE_4006'],
    ['CredentialsProviderError', 'LAKE_4006'],
    ['InvalidArgumentException', 'LAKE_4005'],
  ])('holds after %s, says %s, and goes on by itself when it is cured', async (name, code) => {
    const told: (Trouble | undefined)[] = [];
    const stream = scriptedStream(
      () => true,
      (_, call) => (call < 5 ? named(name) : undefined),
    );
    const onTrouble = (trouble: Trouble | undefined) => void told.push(trouble);
    await sender(stream, { onTrouble }).send(records(['a']), { signal: soon() });
    expect(stream.delivered).toEqual(['a']);
    expect(told.map((trouble) => trouble?.code)).toEqual([code, undefined]);
    expect(told[0]?.message).toContain(name);
  });

  it('ends with LAKE_4006 when the credentials stay refused: a new process reads new ones', async () => {
    const stream = scriptedStream(
      () => true,
      () => named('ExpiredTokenException'),
    );
    const sending = sender(stream, { credentialsHoldMs: 20 }).send(records(texts(600)), {
      signal: soon(),
    });
    await expect(sending).rejects.toMatchObject({ code: 'LAKE_4006', retryable: false });
  });

  it('resends the whole call when the reply does not answer for each record', async () => {
    const answers = [{ RequestResponses: [] }, { RequestResponses: [{ RecordId: 'r' }] }];
    const sent: number[] = [];
    const client = {
      send: async (command: PutRecordBatchCommand) => {
        sent.push(command.input.Records?.length ?? 0);
        return answers.shift();
      },
    } as unknown as FirehoseClient;
    await sender({ client }).send(records(['a']), { signal: soon() });
    expect(sent).toEqual([1, 1]);
  });

  it('stops waiting for a dead sink when the signal aborts', async () => {
    const stop = new AbortController();
    const stream = scriptedStream(
      () => true,
      () => {
        stop.abort();
        return named('ServiceUnavailableException');
      },
    );
    const options = { baseDelayMs: 60_000, maxDelayMs: 60_000 };
    const sending = sender(stream, options).send(records(['a']), { signal: stop.signal });
    await expect(sending).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('has no more calls under way than it may, over all that is sent at once', async () => {
    const stream = scriptedStream(() => true);
    const shared = sender(stream, { maxInFlight: 3 });
    const all = Array.from({ length: 4 }, () =>
      shared.send(records(texts(1_100)), { signal: soon() }),
    );
    await Promise.all(all);
    expect(stream.calls()).toBe(12);
    expect(stream.mostOpen()).toBe(3);
  });
});
