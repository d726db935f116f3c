import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { expect, vi } from 'vitest';
import { createDecoder } from '../../../runtime/avro/single-object-encoding.ts';
import { readRange } from '../../../runtime/kafka/bounded-reader.ts';
import { createCheckpointStore } from '../../../runtime/kafka/checkpoint-store.ts';
import { shipperCheckpointSchema, type ShipperCheckpoint } from '../../../schemas/checkpoint.ts';
import {
  logBlockSchema,
  logHeaders,
  type LogBlock,
  type LogRange,
} from '../../../schemas/log-entries.ts';
import { supportLogs } from '../../../schemas/datasets/support-logs/index.ts';
import { topics } from '../../../schemas/topics.ts';
import { uniqueName, type TestBroker } from '../kafka/broker.ts';

interface LogLine {
  readonly level: string;
  readonly code?: string;
  readonly msg: string;
  readonly path?: string;
}

/** kafkajs' timers; see runtime/kafka. */
const NO_WARNING = '--disable-warning=TimeoutNegativeWarning';

/** A shipper that runs as a process of its own. */
export interface ShipperProcess {
  readonly process: ChildProcess;
  readonly lines: readonly LogLine[];
  /** @returns the exit code, once it has ended. */
  kill(signal: NodeJS.Signals): Promise<number | null>;
  /** Waits until it has told a code, or a message. */
  toLog(what: string): Promise<LogLine>;
  peakMemoryMb(): number;
}

/** Ranges of one generation in order; whether they tile is for {@link expectTiled}. */
export interface Generation {
  readonly id: string;
  readonly paths: ReadonlySet<string>;
  readonly ranges: readonly LogRange[];
}

export async function createLogTopics(broker: TestBroker): Promise<void> {
  const admin = broker.client().admin();
  await admin.connect();
  const wanted = [supportLogs.topic, topics.shipperCheckpoints, topics.schemas];
  await admin.createTopics({
    topics: wanted.map(({ name, partitions }) => ({ topic: name, numPartitions: partitions })),
  });
  await admin.disconnect();
}

/** A host of its own name, with a folder of log files. */
export class ShippedHost {
  readonly host = uniqueName('host');
  readonly folder: string;
  readonly #broker: TestBroker;
  readonly #root = mkdtempSync(path.join(tmpdir(), 'careplus-shipper-'));
  readonly #processes: ShipperProcess[] = [];
  readonly #decoder = createDecoder(logBlockSchema);

  constructor(broker: TestBroker) {
    this.#broker = broker;
    this.folder = path.join(this.#root, 'logs');
    mkdirSync(this.folder);
    chmodSync(this.#root, 0o755);
  }

  file(name: string): string {
    return path.join(this.folder, name);
  }

  /** Starts the daemon, as `nobody` where files are to be out of its reach. */
  start(options: { readonly asNobody?: boolean; readonly logs?: object } = {}): ShipperProcess {
    const config = path.join(this.#root, 'careplus.yaml');
    writeFileSync(config, JSON.stringify(this.#config(options.logs)));
    const script = path.join(import.meta.dirname, 'fixtures/run-shipper.ts');
    const child = spawn(process.execPath, [NO_WARNING, script, config], {
      stdio: ['ignore', 'pipe', 'inherit'],
      ...(options.asNobody && process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}),
    });
    const lines: LogLine[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(JSON.parse(line) as LogLine);
    });
    const started: ShipperProcess = {
      process: child,
      lines,
      async kill(signal) {
        if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
        const exited = once(child, 'exit');
        child.kill(signal);
        const [code] = (await exited) as [number | null];
        return code;
      },
      toLog: (what) =>
        vi.waitFor(
          () => {
            const line = lines.find(({ code, msg }) => code === what || msg === what);
            if (!line) throw new Error(`${what} is not among ${JSON.stringify(lines.slice(-5))}`);
            return line;
          },
          { timeout: 20_000, interval: 20 },
        ),
      peakMemoryMb() {
        const status = readFileSync(`/proc/${child.pid ?? 0}/status`, 'utf8');
        return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
      },
    };
    this.#processes.push(started);
    return started;
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((started) => started.kill('SIGKILL')));
    rmSync(this.#root, { recursive: true, force: true });
  }

  /** What was committed of each generation, in order of their names. */
  async generations(): Promise<Generation[]> {
    const found = new Map<string, { paths: Set<string>; ranges: LogRange[] }>();
    await readRange({
      kafka: this.#broker.client(),
      topic: supportLogs.topic.name,
      signal: AbortSignal.timeout(30_000),
      onBatch: ({ messages }) => {
        for (const { value, headers = {} } of messages) {
          if (headers[logHeaders.host]?.toString() !== this.host) continue;
          const block = this.#decoder.decode(value as Buffer) as LogBlock;
          const [first, last] = [block.ranges[0], block.ranges.at(-1)];
          const end = (last?.offset ?? 0) + (last?.length ?? 0);
          expect(headers[logHeaders.generation]?.toString()).toBe(block.generation);
          expect(headers[logHeaders.first]?.toString()).toBe(String(first?.offset));
          expect(headers[logHeaders.end]?.toString()).toBe(String(end));
          const generation = found.get(block.generation) ?? { paths: new Set(), ranges: [] };
          found.set(block.generation, generation);
          generation.paths.add(path.basename(block.path));
          generation.ranges.push(...block.ranges);
        }
      },
    });
    return Array.from(found, ([id, { paths, ranges }]) => {
      return { id, paths, ranges: ranges.sort((a, b) => a.offset - b.offset) };
    }).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  async checkpoints(): Promise<ShipperCheckpoint[]> {
    const store = createCheckpointStore(this.#broker.client(), {
      topic: topics.shipperCheckpoints.name,
      parse: (json) => shipperCheckpointSchema.parse(json),
      log: this.#broker.log,
    });
    const all = await store.readLatest(() => true, AbortSignal.timeout(20_000));
    return [...all.values()].filter(({ host }) => host === this.host);
  }

  /** Waits until these files are wholly in the topic. */
  async toShip(...names: string[]): Promise<ShipperCheckpoint[]> {
    return vi.waitFor(
      async () => {
        const checkpoints = await this.checkpoints();
        const offsets = new Map(checkpoints.map(({ path: at, offset }) => [at, offset]));
        for (const name of names) {
          const file = this.file(name);
          expect([name, offsets.get(file)]).toEqual([name, statSync(file).size]);
        }
        return checkpoints;
      },
      { timeout: 90_000, interval: 200 },
    );
  }

  #config(logs: object = {}): object {
    return {
      version: 1,
      kafka: { brokers: this.#broker.brokers },
      source: { name: 'test', host: '127.0.0.1', user: 'none' },
      datasets: {},
      logs: { host: this.host, directory: this.folder, idleFlushMs: 300, ...logs },
      aws: { region: 'us-east-1' },
      warehouse: {
        workgroup: 'w',
        database: 'd',
        copyRoleArn: 'arn:aws:iam::000000000000:role/copy',
      },
    };
  }
}

/** Every byte exactly once: a gap, a repeat or a changed byte is an error. */
export function expectTiled(ranges: readonly LogRange[], file: Buffer): void {
  let next = 0;
  for (const { offset, length, kind, bytes, truncated } of ranges) {
    if (offset !== next) expect(offset).toBe(next);
    next += length;
    const wanted = file.subarray(offset, kind === 'filler' ? offset : next);
    if (!truncated && !wanted.equals(bytes)) expect(bytes.toString()).toBe(wanted.toString());
  }
  expect(next).toBe(file.length);
}

/** Texts of the entries of some generations. */
export function texts(...generations: (Generation | undefined)[]): string[] {
  return generations.flatMap((generation) =>
    (generation?.ranges ?? [])
      .filter(({ kind }) => kind !== 'filler')
      .map(({ bytes }) => bytes.toString()),
  );
}
