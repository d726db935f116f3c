import {
  appendFileSync,
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startTestBroker, type TestBroker } from '../kafka/broker.ts';
import {
  createLogTopics,
  expectTiled,
  ShippedHost,
  texts,
  type Generation,
} from './shipped-host.ts';

let broker: TestBroker;
let host: ShippedHost;
beforeAll(async () => {
  broker = await startTestBroker();
  await createLogTopics(broker);
});
afterAll(() => broker.stop());
beforeEach(() => {
  host = new ShippedHost(broker);
});
afterEach(() => host.close());

const entry = (name: string | number) =>
  `2025-07-01 00:21:00 [INFO] careplus.support - TicketID=${name}\nIP=60.130.155.7 | CPU=27.64%\nMessage="ℹ️ ${name}"\n---\n`;

const many = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => entry(from + index));

const byPath = (generations: readonly Generation[], name: string) =>
  generations.find(({ paths }) => paths.has(name));

const append = (name: string, text: string) => appendFileSync(host.file(name), text);

/** Waits until so many generations are in the topic. */
const toHave = (count: number, check: (generations: Generation[]) => void = () => undefined) =>
  vi.waitFor(
    async () => {
      const generations = await host.generations();
      expect(generations).toHaveLength(count);
      check(generations);
      return generations;
    },
    { timeout: 20_000, interval: 100 },
  );

describe('a file that grows', () => {
  it('is shipped byte for byte, entries cut by writes included', async () => {
    const shipper = host.start();
    await shipper.toLog('shipping');
    const text = Buffer.from(many(0, 200).join(''));
    for (let at = 0; at < text.length; at += 997) {
      appendFileSync(host.file('a.log'), text.subarray(at, at + 997));
      await new Promise(setImmediate);
    }
    const [checkpoint] = await host.toShip('a.log');
    const [generation] = await host.generations();
    expectTiled(generation?.ranges ?? [], text);
    expect(texts(generation).every((shipped) => shipped.endsWith('---\n'))).toBe(true);
    expect(checkpoint).toMatchObject({ state: 'open', interrupted: false, openEntryId: null });
    expect(checkpoint?.generation).toBe(generation?.id);
    expect(await shipper.kill('SIGTERM')).toBe(0);
  });

  it('gives its last entry without a line end, and what follows later as it is', async () => {
    append('a.log', `${entry(1)}${entry(2).trimEnd()}`);
    append('b.log', '2025-07-01 00:21:00 [INFO] half');
    host.start();
    await host.toShip('a.log', 'b.log');
    append('a.log', entry(3));
    append('b.log', ' of it\n---\n');
    await host.toShip('a.log', 'b.log');
    const generations = await host.generations();
    expect(texts(byPath(generations, 'a.log'))).toEqual([entry(1), entry(2).trimEnd(), entry(3)]);
    expect(byPath(generations, 'b.log')?.ranges.map(({ kind }) => kind)).toEqual([
      'entry',
      'continued',
    ]);
  });
});

describe('rotation', () => {
  it('by renaming keeps the generation, and late bytes in the renamed file', async () => {
    host.start();
    append('a.log', entry(1));
    await host.toShip('a.log');
    const old = openSync(host.file('a.log'), 'a');
    renameSync(host.file('a.log'), host.file('a.log.1'));
    writeSync(old, entry(2));
    append('a.log', entry(3));
    await host.toShip('a.log', 'a.log.1');
    writeSync(old, entry(4));
    closeSync(old);
    const checkpoints = await host.toShip('a.log', 'a.log.1');
    renameSync(host.file('a.log.1'), host.file('a.log.2'));
    renameSync(host.file('a.log'), host.file('a.log.1'));
    append('a.log', entry(5));
    await host.toShip('a.log');
    const generations = await toHave(3);
    const oldest = generations.find((generation) => texts(generation).includes(entry(1)));
    expect(texts(oldest)).toEqual([entry(1), entry(2), entry(4)]);
    expect(texts(...generations).sort()).toEqual([1, 2, 3, 4, 5].map(entry));
    expect(checkpoints.find(({ path }) => path === host.file('a.log.1'))?.state).toBe('rotated');
  });

  it('inside an entry gives its two parts one id', async () => {
    host.start();
    append('a.log', entry(1));
    await host.toShip('a.log');
    const cut = entry(2);
    append('a.log', cut.slice(0, 60));
    renameSync(host.file('a.log'), host.file('a.log.1'));
    append('a.log', cut.slice(60) + entry(3));
    const generations = await toHave(2);
    const head = generations.flatMap(({ ranges }) => ranges).find(({ kind }) => kind === 'head');
    const tail = generations.flatMap(({ ranges }) => ranges).find(({ kind }) => kind === 'tail');
    expect(tail?.entry_id).toBe(head?.entry_id);
    expect(`${head?.bytes.toString()}${tail?.bytes.toString()}`).toBe(cut);
  });

  it('while the shipper is down is followed afterwards', async () => {
    const shipper = host.start();
    append('a.log', entry(1));
    await host.toShip('a.log');
    await shipper.kill('SIGKILL');
    append('a.log', entry(2));
    renameSync(host.file('a.log'), host.file('a.log.1'));
    append('a.log', entry(3));
    host.start();
    await host.toShip('a.log', 'a.log.1');
    const generations = await host.generations();
    expect(generations.map((generation) => texts(generation))).toEqual([
      [entry(1), entry(2)],
      [entry(3)],
    ]);
  });

  it('by copying and truncating is told; the copy holds what the file lost', async () => {
    const shipper = host.start();
    append('a.log', many(0, 20).join(''));
    await host.toShip('a.log');
    copyFileSync(host.file('a.log'), host.file('a.log.1'));
    truncateSync(host.file('a.log'));
    append('a.log', entry('new'));
    await shipper.toLog('LOG_2002');
    await shipper.toLog('LOG_2003');
    await host.toShip('a.log', 'a.log.1');
    const generations = await toHave(3);
    for (const generation of generations) {
      const name = texts(generation).length === 1 ? 'a.log' : 'a.log.1';
      expectTiled(generation.ranges, readFileSync(host.file(name)));
    }
  });

  it('by overwriting with exactly as many bytes is noticed', async () => {
    const shipper = host.start();
    append('a.log', entry(1));
    await host.toShip('a.log');
    writeFileSync(host.file('a.log'), entry(2));
    await shipper.toLog('LOG_2002');
    const generations = await toHave(2);
    expect(texts(...generations).sort()).toEqual([1, 2].map(entry));
  });

  it('by overwriting with more bytes is noticed by the beginning', async () => {
    const shipper = host.start();
    append('a.log', entry(1));
    await host.toShip('a.log');
    writeFileSync(host.file('a.log'), entry(2) + entry(3));
    await shipper.toLog('LOG_2002');
    const generations = await toHave(2);
    expect(texts(...generations).sort()).toEqual([1, 2, 3].map(entry));
  });
});

describe('a file that is removed', () => {
  it('is read to its end while it is open, then its checkpoint goes', async () => {
    const shipper = host.start();
    append('a.log', entry(1));
    await host.toShip('a.log');
    const writer = openSync(host.file('a.log'), 'a');
    unlinkSync(host.file('a.log'));
    writeSync(writer, entry(2).trimEnd());
    closeSync(writer);
    await shipper.toLog('a file has ended');
    await vi.waitFor(async () => expect(await host.checkpoints()).toEqual([]), 10_000);
    const [generation] = await host.generations();
    expect(texts(generation)).toEqual([entry(1), entry(2).trimEnd()]);
  });

  it('while the shipper is down leaves evidence of the bytes that are missing', async () => {
    const shipper = host.start({ logs: { idleFlushMs: 600_000 } });
    append('a.log', `${entry(1)}2025-07-01 half`);
    await toHave(1);
    await shipper.kill('SIGKILL');
    unlinkSync(host.file('a.log'));
    const next = host.start();
    expect((await next.toLog('LOG_2004')).msg).toContain('15 bytes');
    await vi.waitFor(async () => {
      expect(await host.checkpoints()).toMatchObject([
        { state: 'gone', offset: Buffer.byteLength(entry(1)) },
      ]);
    }, 10_000);
  });
});

describe('what goes wrong with one file', () => {
  it('is told and delays no other', async () => {
    append('a.log', entry(1));
    append('z.log', entry(2));
    chmodSync(host.file('a.log'), 0);
    const shipper = host.start({
      asNobody: true,
      logs: { directory: undefined, paths: [host.file('*.log'), '/nowhere/*.log'] },
    });
    await host.toShip('z.log');
    await vi.waitFor(() => {
      const told = shipper.lines.filter(({ code }) => code === 'LOG_2001').map((line) => line.path);
      expect(told.sort()).toEqual(['/nowhere', host.file('a.log')].sort());
    }, 10_000);
    chmodSync(host.file('a.log'), 0o644);
    await host.toShip('a.log', 'z.log');
  });

  it('a folder that comes later is read from its first file on', async () => {
    rmSync(host.folder, { recursive: true });
    const shipper = host.start();
    await shipper.toLog('LOG_2001');
    mkdirSync(host.folder);
    append('a.log', entry(1));
    await host.toShip('a.log');
  });
});
