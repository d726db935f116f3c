import {
  createWriteStream,
  appendFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTransactionalWriter } from '../../../runtime/kafka/transactional-writer.ts';
import { MAX_ENTRY_BYTES } from '../../../schemas/log-entries.ts';
import { startTestBroker, type TestBroker } from '../kafka/broker.ts';
import { createLogTopics, expectTiled, ShippedHost } from './shipped-host.ts';

const LONG = process.env['CAREPLUS_LONG'] === '1';
const MEGABYTE = 1024 * 1024;
/** Whatever there is to read; an idle shipper takes about half of it. */
const MAX_MEMORY_MB = 200;

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

const entry = (name: string) =>
  `2025-07-01 00:21:00 [INFO] careplus.support - TicketID=${name}\nIP=60.130.155.7\nMessage="${'m'.repeat(200)}"\n---\n`;

/** Every file in the folder against the generation that has its bytes. */
async function expectAllShipped(): Promise<void> {
  const generations = await host.generations();
  const names = readdirSync(host.folder);
  expect(generations).toHaveLength(names.length);
  const contents = names.map((name) => readFileSync(host.file(name)));
  for (const { ranges } of generations) {
    const first = ranges.find(({ kind }) => kind !== 'filler');
    const file = contents.find(
      (bytes) =>
        first && bytes.subarray(first.offset, first.offset + first.length).equals(first.bytes),
    );
    expectTiled(ranges, file ?? Buffer.alloc(0));
  }
}

describe('a shipper that is killed', () => {
  it('ships every byte exactly once, whenever it is killed', async () => {
    const kills = LONG ? 60 : 4;
    const enough = new AbortController();
    const written = (async () => {
      for (let round = 0; !enough.signal.aborted; round += 1) {
        const name = `${String.fromCharCode(97 + (round % 3))}.log`;
        const text = entry(`${round}`).repeat(1 + (round % 20));
        const cut = round % text.length;
        appendFileSync(host.file(name), text.slice(0, cut));
        await sleep(1);
        appendFileSync(host.file(name), text.slice(cut));
        if (round % 400 === 399) renameSync(host.file(name), host.file(`${name}.${round}`));
      }
    })();
    let shipper = host.start();
    for (let count = 0; count < kills; count += 1) {
      await shipper.toLog('shipping');
      await sleep(Math.random() * 600);
      await shipper.kill('SIGKILL');
      shipper = host.start();
    }
    enough.abort();
    await written;
    await host.toShip(...readdirSync(host.folder));
    await expectAllShipped();
    expect(await shipper.kill('SIGTERM')).toBe(0);
  });
});

describe('two shippers of one host', () => {
  it('never ship at once: the second waits and goes on where the first stopped', async () => {
    const first = host.start();
    await first.toLog('shipping');
    const second = host.start();
    await second.toLog('LOG_2005');
    appendFileSync(host.file('a.log'), entry('1'));
    await host.toShip('a.log');
    expect(second.lines.map(({ msg }) => msg)).not.toContain('shipping');
    await first.kill('SIGKILL');
    await second.toLog('shipping');
    appendFileSync(host.file('a.log'), entry('2'));
    await host.toShip('a.log');
    await expectAllShipped();
  });
});

describe('memory', () => {
  it('stays within bounds with much to read and a line larger than any window', async () => {
    const [ofEntries, ofLine] = LONG ? [50, 1_024] : [12, 38];
    const out = createWriteStream(host.file('large.log'));
    const block = Buffer.from(entry('x').repeat(4_000));
    for (let bytes = 0; bytes < ofEntries * MEGABYTE; bytes += block.length) {
      if (!out.write(block)) await once(out, 'drain');
    }
    out.write('2025-07-01 00:21:00 [INFO] ');
    const filling = Buffer.alloc(MEGABYTE, 'y');
    for (let count = 0; count < ofLine; count += 1) {
      if (!out.write(filling)) await once(out, 'drain');
    }
    out.end(`\n---\n${entry('last')}`);
    await once(out, 'finish');
    const shipper = host.start();
    await host.toShip('large.log');
    expect(shipper.peakMemoryMb()).toBeLessThan(MAX_MEMORY_MB);
    const [generation] = await host.generations();
    const cut = generation?.ranges.filter(({ truncated }) => truncated);
    expect(cut).toMatchObject([{ kind: 'entry', bytes: { length: MAX_ENTRY_BYTES } }]);
    expect(cut?.[0]?.length).toBeGreaterThan(ofLine * MEGABYTE);
    if (!LONG) await expectAllShipped();
  }, 120_000);

  it('holds for thousands of files, of which each is followed', async () => {
    const names = Array.from({ length: LONG ? 10_000 : 2_000 }, (_, index) => `${index}.log`);
    for (const name of names) writeFileSync(host.file(name), entry(name));
    const shipper = host.start();
    await host.toShip(...names);
    for (const name of names.slice(0, 50)) appendFileSync(host.file(name), entry('more'));
    await host.toShip(...names);
    expect(shipper.peakMemoryMb()).toBeLessThan(MAX_MEMORY_MB);
    const generations = await host.generations();
    expect(generations).toHaveLength(names.length);
    const shipped = generations.reduce((sum, { ranges }) => sum + ranges.length, 0);
    expect(shipped).toBe(names.length + 50);
  }, 120_000);
});

it('ends with 75 when another machine takes its name', async () => {
  const shipper = host.start();
  await shipper.toLog('shipping');
  const usurper = createTransactionalWriter(broker.client(), {
    transactionalId: `careplus.shipper.${host.host}`,
    log: broker.log,
  });
  await usurper.open(AbortSignal.timeout(20_000));
  appendFileSync(host.file('a.log'), entry('1'));
  await vi.waitFor(() => expect(shipper.process.exitCode).toBe(75), 20_000);
  await usurper.close();
});
