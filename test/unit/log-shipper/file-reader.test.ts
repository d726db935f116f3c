import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { discoverFiles } from '../../../log-shipper/file-discovery.ts';
import { FileReader } from '../../../log-shipper/file-reader.ts';
import { Shipment } from '../../../log-shipper/shipment.ts';
import { createShipperMetrics } from '../../../log-shipper/shipper-metrics.ts';
import { TrackedFiles } from '../../../log-shipper/tracked-files.ts';
import { createLog } from '../../../runtime/observability/log.ts';
import type { ShipperCheckpoint } from '../../../schemas/checkpoint.ts';
import { supportLogs } from '../../../schemas/datasets/support-logs/index.ts';

const log = createLog('test', 'silent');
const nothing = { topic: '', messages: [] };
const noBroker = {
  recover: async () => undefined,
  readLatest: async () => new Map<string, ShipperCheckpoint>(),
};

/** A host whose topic is a list, and whose clock goes only when it is told to. */
class Host implements Disposable {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'careplus-host-'));
  /** Bytes of each generation in the order in which they were shipped. */
  readonly shipped = new Map<string, string>();
  /** Ranges that did not begin where the one before them had ended. */
  gaps = 0;
  readonly #checkpoints = new Map<string, ShipperCheckpoint>();
  #now = 0;
  #files = this.#open();
  #reader = this.#read();

  file(name: string): string {
    return path.join(this.folder, name);
  }

  /** Looks at all files until nothing is left to read. */
  async look(): Promise<void> {
    const patterns = [this.file('*.log*')];
    const discovery = discoverFiles([{ dataset: supportLogs, patterns }]);
    for (let isFirst = true; ; isFirst = false) {
      const shipment = new Shipment({
        host: 'h',
        store: {
          ...noBroker,
          records: (key, value) => (this.#checkpoints.set(key, value), nothing),
          tombstone: (key) => (this.#checkpoints.delete(key), nothing),
        },
        encode: ({ generation }, ranges) => {
          for (const { offset, bytes } of ranges) {
            const before = this.shipped.get(generation) ?? '';
            if (offset !== before.length) this.gaps += 1;
            this.shipped.set(generation, before + bytes.toString());
          }
          return [];
        },
      });
      if (isFirst) await this.#reader.sweep(discovery, shipment, this.#now);
      await this.#reader.fill(shipment, this.#now);
      if (shipment.isEmpty) return;
      shipment.records(this.#now);
    }
  }

  /** As if it had been killed: only the checkpoints are left. */
  async restart(): Promise<void> {
    await this.#files.close();
    this.#files = this.#open();
    this.#reader = this.#read();
  }

  get openFiles(): string[] {
    const open = Array.from(this.#files.tails).filter((tail) => tail.isOpen);
    return open.map((tail) => path.basename(tail.path)).toSorted();
  }

  goOn(ms: number): void {
    this.#now += ms;
  }

  async close(): Promise<void> {
    await this.#files.close();
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }

  #open(): TrackedFiles {
    const options = { host: 'h', idleFlushMs: 2_000, maxOpenFiles: 3 };
    return new TrackedFiles(options, this.#checkpoints.values(), this.#now);
  }

  #read(): FileReader {
    const metrics = createShipperMetrics(new Registry());
    return new FileReader({ files: this.#files, metrics, log, told: new Map() });
  }
}

/** All entries are equally long, so that a file that is overwritten often is as long as before. */
const entry = (number: number) =>
  `2025-07-01 00:21:00 [INFO] a.B - Nr=${String(number).padStart(6, '0')}\n---\n`;

it('keeps no more files open than it may, those that grew last', async () => {
  using host = new Host();
  for (let number = 0; number < 10; number += 1) {
    writeFileSync(host.file(`${number}.log`), entry(number));
  }
  await host.look();
  expect([host.shipped.size, host.openFiles.length]).toEqual([10, 3]);
  await host.restart();
  await host.look();
  expect(host.openFiles).toHaveLength(3);
  for (const name of ['4.log', '9.log', '0.log']) {
    host.goOn(10);
    appendFileSync(host.file(name), entry(10));
    await host.look();
  }
  expect(host.openFiles).toEqual(['0.log', '4.log', '9.log']);
  await host.close();
});

/** What may happen to a file; `look` and `restart` happen to the shipper. */
const steps = ['append', 'look', 'restart', 'rename', 'copy', 'truncate', 'overwrite', 'replace'];
const step = fc.record({
  what: fc.constantFrom(...steps, 'append', 'look'),
  name: fc.constantFrom('a.log', 'b.log'),
  entries: fc.integer({ min: 1, max: 40 }),
});

it('ships whatever a file held when it was looked at, however files are rotated (I1)', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (history) => {
      using host = new Host();
      let number = 0;
      /** Entries that were in a file at a look. */
      const seen = new Set<number>();
      const held = new Map<string, number[]>();
      const make = (name: string, count: number) => {
        const numbers = Array.from({ length: count }, () => ++number);
        held.set(name, [...(held.get(name) ?? []), ...numbers]);
        return numbers.map(entry).join('');
      };
      const look = async () => {
        await host.look();
        for (const numbers of held.values()) for (const each of numbers) seen.add(each);
      };
      for (const { what, name, entries } of history) {
        const file = host.file(name);
        const numbers = held.get(name) ?? [];
        if (what === 'look') await look();
        else if (what === 'restart') await host.restart();
        else if (what === 'append') appendFileSync(file, make(name, entries));
        else if (what === 'overwrite') {
          held.delete(name);
          writeFileSync(file, make(name, numbers.length === 0 ? entries : numbers.length));
        } else if (existsSync(file)) {
          if (what === 'copy') copyFileSync(file, `${file}.1`);
          if (what === 'rename') renameSync(file, `${file}.1`);
          if (what === 'copy' || what === 'rename') held.set(`${name}.1`, numbers);
          if (what === 'replace') rmSync(file);
          else if (what !== 'rename') truncateSync(file);
          held.delete(name);
          if (what === 'replace') writeFileSync(file, make(name, entries));
        }
      }
      await look();
      await host.close();
      const shipped = new Set(
        [...host.shipped.values()]
          .join('')
          .match(/(?<=Nr=)\d+/g)
          ?.map(Number),
      );
      expect([...seen].filter((each) => !shipped.has(each))).toEqual([]);
      expect(host.gaps).toBe(0);
    }),
    { numRuns: 60 },
  );
});
