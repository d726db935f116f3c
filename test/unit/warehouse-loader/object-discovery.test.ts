import type { ListObjectsV2CommandInput, S3Client } from '@aws-sdk/client-s3';
import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { supportTickets as dataset } from '../../../schemas/datasets/support-tickets/index.ts';
import type { Ledger } from '../../../warehouse-loader/ledger.ts';
import { dayOf } from '../../../warehouse-loader/ledger.ts';
import {
  createObjectDiscovery,
  type Discovered,
} from '../../../warehouse-loader/object-discovery.ts';

const NOW = Date.UTC(2025, 6, 2, 0, 30);
const HOUR = 3_600_000;
const signal = new AbortController().signal;

function key(day: string, hour: number, name = 'a'): string {
  const folder = `dt=${day}/hour=${String(hour).padStart(2, '0')}`;
  return `${dataset.name}/processed/${folder}/careplus-support-tickets-1-${name}.parquet`;
}

/** A bucket and a ledger in memory. Pages are short, so that there are several. */
function world({ smallLake = 0 } = {}) {
  const lake = new Map<string, string>();
  const ledgered = new Map<string, string>();
  const calls: string[] = [];
  /** Which request from now on fails. */
  const failing = { at: 0 };
  const askedDays: string[] = [];
  /** `turnedMs`: by how much somebody has set it back. */
  const clock = { ms: NOW, turnedMs: 0 };
  const s3 = {
    send: async ({ input }: { readonly input: ListObjectsV2CommandInput }) => {
      const { Prefix = '', StartAfter = '', ContinuationToken = '' } = input;
      calls.push(StartAfter);
      if (failing.at > 0) {
        failing.at -= 1;
        if (failing.at === 0) throw new Error('no listing');
      }
      const after = ContinuationToken > StartAfter ? ContinuationToken : StartAfter;
      const found = [...lake.keys()]
        .filter((each) => each.startsWith(Prefix) && each > after)
        .sort();
      const page = found.slice(0, 3);
      return {
        Contents: page.map((each) => ({
          Key: encodeURIComponent(each).replaceAll('%2F', '/').replaceAll('%20', '+'),
          ETag: `"${lake.get(each) ?? ''}"`,
          Size: 10,
          LastModified: new Date(NOW),
        })),
        NextContinuationToken: found.length > page.length ? page.at(-1) : undefined,
      };
    },
  } as unknown as S3Client;
  const ledger: Ledger = {
    newestLoaded: async () => undefined,
    days: async () => {
      const days = Map.groupBy(ledgered.keys(), (each) => dayOf(dataset, each));
      return new Map([...days].map(([day, keys]) => [day, keys.length]));
    },
    day: async (day) => {
      askedDays.push(day.slice(-10));
      return new Map([...ledgered].filter(([each]) => dayOf(dataset, each) === day));
    },
  };
  const lines: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });
  const discovery = createObjectDiscovery({
    ...{ s3, bucket: 'lake', dataset, ledger, log, smallLake },
    clock: { now: () => clock.ms, elapsed: () => clock.ms - NOW + clock.turnedMs },
  });
  const everything = async (): Promise<Discovered[]> => {
    const found: Discovered[] = [];
    for await (const each of discovery.everything(signal)) found.push(each);
    return found;
  };
  /** A look; by default so late that it is a full one. */
  const look = async (afterMs = 5_000) => {
    clock.ms += afterMs;
    const { objects, foreign } = await discovery.discover(signal);
    return [...objects, ...foreign].map((each) => each.key);
  };
  const failAt = (request: number) => void (failing.at = request);
  return { lake, ledgered, calls, askedDays, clock, lines, everything, look, failAt };
}

let w: ReturnType<typeof world>;

beforeEach(() => {
  w = world();
});

describe('the first look', () => {
  test('gives what the ledger does not know, a day at a time, oldest day first', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) {
      w.lake.set(key('2025-01-01', 3, name), 'e');
      w.lake.set(key('2025-07-01', 23, name), 'e');
    }
    w.ledgered.set(key('2025-01-01', 3, 'b'), 'e');
    w.ledgered.set(key('2025-07-01', 23, 'a'), 'e');
    const found = await w.everything();
    expect(found.map(({ objects }) => objects.map((each) => each.key))).toEqual([
      ['a', 'c', 'd', 'e'].map((name) => key('2025-01-01', 3, name)),
      ['b', 'c', 'd', 'e'].map((name) => key('2025-07-01', 23, name)),
    ]);
  });

  test('does not ask for the keys of an old day of which lake and ledger hold equally many', async () => {
    for (const hour of [1, 2, 3]) {
      w.lake.set(key('2025-01-01', hour), 'e');
      w.ledgered.set(key('2025-01-01', hour), 'e');
      w.lake.set(key('2025-07-01', hour), 'e');
      w.ledgered.set(key('2025-07-01', hour), 'e');
    }
    const found = await w.everything();
    expect(found.flatMap(({ objects }) => objects)).toEqual([]);
    expect(w.askedDays).toEqual(['2025-07-01']);
  });

  test('sets apart what Firehose never named', async () => {
    const root = `${dataset.name}/processed/`;
    const foreign = [
      `${root}dt=2025-07-01/hour=23/50% é + \u0001 😀.parquet`,
      `${root}dt=2025-07-01/hour=23/it's.parquet`,
      `${root}dt=2025-07-01/hour=23/part-1.csv`,
      `${root}dt=2025-07-01/loose.parquet`,
      `${root}readme.txt`,
    ];
    for (const each of [...foreign, key('2025-07-01', 23)]) w.lake.set(each, 'e');
    const found = await w.everything();
    expect(found.flatMap((each) => each.foreign.map((object) => object.key))).toEqual(foreign);
    expect(found.flatMap((each) => each.objects)).toHaveLength(1);
    expect(await w.look()).toEqual([]);
  });
});

describe('later looks', () => {
  test('list from two hours back, whatever the day, and give each object once', async () => {
    await w.everything();
    w.lake.set(key('2025-07-01', 22, 'late'), 'e');
    w.lake.set(key('2025-07-02', 0, 'new'), 'e');
    w.lake.set(key('2025-07-02', 1, 'of a faster clock'.replaceAll(' ', '-')), 'e');
    expect((await w.look()).sort()).toHaveLength(3);
    expect(w.calls.at(-1)).toBe(`${dataset.name}/processed/dt=2025-07-01/hour=22/`);
    expect(await w.look()).toEqual([]);
  });

  test('find objects that sort before others already found', async () => {
    w.lake.set(key('2025-07-02', 0, 'm'), 'e');
    await w.everything();
    w.lake.set(key('2025-07-02', 0, 'a'), 'e');
    expect(await w.look()).toEqual([key('2025-07-02', 0, 'a')]);
  });

  test('list little while they come close together; what is late is found by the next full one', async () => {
    const names = Array.from({ length: 90 }, (_, index) => key('2025-07-02', 0, `n${index + 10}`));
    for (const name of names.slice(0, 60)) w.lake.set(name, 'e');
    await w.everything();
    for (const name of names.slice(60)) {
      w.lake.set(name, 'e');
      const before = w.calls.length;
      expect(await w.look(100)).toEqual([name]);
      // Pages hold three keys: a full look would need twenty and more.
      expect(w.calls.length - before).toBeLessThanOrEqual(10);
    }
    w.lake.set(key('2025-07-02', 0, 'a-late'), 'e');
    expect(await w.look(250)).toEqual([]);
    expect(await w.look(5_000)).toEqual([key('2025-07-02', 0, 'a-late')]);
    const before = w.calls.length;
    expect(await w.look(60_000)).toEqual([]);
    expect(await w.look(250)).toEqual([]);
    expect(w.calls.length - before).toBeLessThanOrEqual(31 + 1);
  });

  test('look a day back every ten minutes and everywhere every day', async () => {
    await w.everything();
    const late = [key('2024-02-29', 23, 'copied-back'), key('2025-06-30', 1, 'copied-back')];
    w.lake.set(key('2025-07-01', 1, 'retried-for-long'), 'e');
    for (const each of late) w.lake.set(each, 'e');
    expect(await w.look()).toEqual([]);
    w.clock.ms = NOW + 600_000;
    expect(await w.look()).toEqual([key('2025-07-01', 1, 'retried-for-long')]);
    w.clock.ms = NOW + 24 * HOUR;
    expect(await w.look()).toEqual(late);
    expect(await w.look(24 * HOUR)).toEqual([]);
  });

  test('ask the ledger for a day long past only when it holds another number of objects', async () => {
    const old = ['a', 'b', 'c'].map((name) => key('2024-02-29', 1, name));
    for (const each of old) {
      w.lake.set(each, 'e');
      w.ledgered.set(each, 'e');
    }
    await w.everything();
    expect(await w.look(24 * HOUR)).toEqual([]);
    expect(w.askedDays).toEqual([]);
    w.lake.delete(old[0] ?? '');
    expect(await w.look(24 * HOUR)).toEqual([]);
    w.lake.set(key('2024-02-29', 0, 'new'), 'e');
    expect(await w.look(24 * HOUR)).toEqual([key('2024-02-29', 0, 'new')]);
    expect(w.askedDays).toEqual(['2024-02-29', '2024-02-29']);
    expect(await w.look(24 * HOUR)).toEqual([]);
  });

  test('give an object of a day long past again when the listing broke off', async () => {
    await w.everything();
    w.lake.set(key('2024-02-29', 1), 'e');
    for (const name of ['a', 'b', 'c']) w.lake.set(key('2025-07-02', 0, name), 'e');
    w.clock.ms += 24 * HOUR;
    w.failAt(2);
    await expect(w.look()).rejects.toMatchObject({ code: 'LAKE_4002' });
    expect(await w.look()).toHaveLength(4);
    expect(await w.look(24 * HOUR)).toEqual([]);
  });

  test('are always looks at everything while the lake is small', async () => {
    const small = world({ smallLake: 3 });
    await small.everything();
    small.lake.set(key('2024-02-29', 1), 'e');
    expect(await small.look(250)).toEqual([]);
    expect(await small.look()).toEqual([key('2024-02-29', 1)]);
    for (const name of ['a', 'b', 'c']) small.lake.set(key('2025-07-02', 0, name), 'e');
    expect(await small.look()).toHaveLength(3);
    small.lake.set(key('2024-02-29', 2), 'e');
    expect(await small.look()).toEqual([]);
  });

  test('go on when somebody sets the clock back', async () => {
    w.lake.set(key('2025-07-02', 0, 'm'), 'e');
    await w.everything();
    w.clock.ms -= 5 * HOUR;
    w.clock.turnedMs += 5 * HOUR;
    w.lake.set(key('2025-07-02', 0, 'a'), 'e');
    expect(await w.look()).toEqual([key('2025-07-02', 0, 'a')]);
  });

  test('do not give an object again that was loaded before the start', async () => {
    w.lake.set(key('2025-07-02', 0), 'e');
    w.ledgered.set(key('2025-07-02', 0), 'e');
    await w.everything();
    expect(await w.look()).toEqual([]);
  });

  test('an overwritten object is told and not loaded', async () => {
    w.lake.set(key('2025-07-02', 0), 'one');
    await w.everything();
    w.lake.set(key('2025-07-02', 0), 'two');
    expect(await w.look()).toEqual([]);
    expect(await w.look()).toEqual([]);
    expect(w.lines).toHaveLength(1);
    expect(w.lines[0]).toContain('LAKE_4004');
  });

  test('an object that was erased in is not told: the ledger names it as it is', async () => {
    w.lake.set(key('2025-07-02', 0), 'one');
    await w.everything();
    w.ledgered.set(key('2025-07-02', 0), 'two');
    w.lake.set(key('2025-07-02', 0), 'two');
    expect(await w.look()).toEqual([]);
    expect(await w.look()).toEqual([]);
    expect(w.lines).toEqual([]);
  });
});
