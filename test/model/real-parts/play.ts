import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { pino } from 'pino';
import type { AnyDataset } from '../../../schemas/datasets/any-dataset.ts';
import type { WarehouseRow } from '../../../runtime/redshift/data-api.ts';
import { frontiersSchema } from '../../../schemas/frontiers.ts';
import { holesSchema, lineOf } from '../../../schemas/holes.ts';
import { holesKey, latestBatchKey, processedPrefix } from '../../../schemas/lake-layout.ts';
import { planOf } from '../../../warehouse-loader/load-plan.ts';
import { randomFrom } from '../delivery.ts';
import type { LedgerRow } from '../image-comparison.ts';
import type { Mutation } from '../mutations.ts';
import type { LakeRow } from '../warehouse-database.ts';
import type { Disturbance, Round } from './disturbances.ts';
import { fastClock } from './fast-clock.ts';
import { createFleet, type Tally } from './fleet.ts';
import { objectKey } from './lake-objects.ts';
import type { LoaderProcess } from './loader-process.ts';
import { createObserver } from './observer.ts';
import type { RealParts } from './real-parts.ts';
import { stepwise } from './stepwise.ts';

/** What every dataset's warehouse tells. */
interface Observed {
  readonly ledger: readonly LedgerRow[];
  /** Rows of the loader's own question for what is missing. */
  readonly holes: readonly WarehouseRow[];
}

/** What is played, and how the warehouse is judged. */
export interface Subject<Row, Warehouse extends Observed> {
  readonly dataset: AnyDataset;
  /** One batch of rows a round. */
  readonly batches: readonly (readonly Row[])[];
  readonly lakeRow: (row: Row) => LakeRow;
  /** State and ledger of one moment. */
  readonly read: () => Promise<Warehouse>;
  /** @throws at the first difference between the warehouse and what follows from these rows. */
  readonly compare: (warehouse: Warehouse, arrived: readonly Row[]) => void;
  /** The last number without a hole below it, by line. */
  readonly frontiers: (warehouse: Warehouse) => readonly (readonly [string, number])[];
  /** @throws unless all is there and nothing waits. */
  readonly compareEnd: (warehouse: Warehouse) => void;
}

export interface PlayOptions {
  /** Taken in turn, from the first one again when there are more batches. */
  readonly rounds: readonly Round[];
  readonly seed: number;
  /** Planted in every batch that is sent. */
  readonly mutation?: Mutation;
}

const SPEED = 20;
/** So long a round may take: a loader that stands still is a fault too. */
const SETTLE_MS = 40_000;
const LOOK_MS = 100;
const HOUR_MS = 3_600_000;
/** Told too often for a story. */
const MISSING = 'numbers are missing';
/** Lines of what happened before a failure. */
const STORY_LINES = 60;

/**
 * Plays batches through the real parts: objects in the lake, found and loaded by real loaders that
 * are disturbed meanwhile. After every transaction the warehouse must be what follows from the
 * objects that its ledger names by then.
 *
 * @throws at the first difference, with the story that led to it.
 */
export async function play<Row, Warehouse extends Observed>(
  parts: RealParts,
  subject: Subject<Row, Warehouse>,
  { rounds, seed, mutation = (statements) => statements }: PlayOptions,
): Promise<Tally> {
  const { dataset } = subject;
  const bucket = await parts.begin();
  const random = randomFrom(seed);
  const clock = fastClock(SPEED);
  const story: string[] = [];
  const fault = Promise.withResolvers<never>();
  fault.promise.catch(() => undefined);
  let moved = Promise.withResolvers<undefined>();
  const tell = (what: string) => {
    if (story.at(-1) !== what) story.push(what);
    moved.resolve(undefined);
    moved = Promise.withResolvers();
  };
  const observer = createObserver(subject.read, subject.compare);
  const observe = async () => {
    await observer.observe().catch(fault.reject);
    tell(`${observer.waiting.length} objects wait`);
  };
  const fleet = createFleet({
    ...{ url: parts.url, bucket, dataset, clock, observe },
    log: pino(
      { level: 'info', base: null, timestamp: false },
      {
        write(line: string) {
          if (!line.includes(MISSING)) story.push(line.trim());
        },
      },
    ),
    mutate: stepwise(dataset, mutation),
    onEvent: tell,
    onFault: fault.reject,
  });

  /** Random as Firehose's names are, and the same when the play is played again. */
  const name = () =>
    Array.from({ length: 4 }, () => Math.floor(random() * 2 ** 32).toString(16)).join('-');

  async function put(rows: readonly Row[], { late }: { readonly late: boolean }): Promise<void> {
    const at = clock.now() - (late ? random() * HOUR_MS : 0);
    const key = objectKey(dataset, at, name());
    observer.expect(key, 'loaded', rows);
    const body = await parts.writer.parquet(rows.map(subject.lakeRow), Math.floor(random() * 1e6));
    await parts.put(bucket, key, body);
  }

  async function deliver(batch: readonly Row[], round: Round): Promise<void> {
    const objects = Array.from({ length: round.objects }, (): Row[] => []);
    for (const row of batch) objects[Math.floor(random() * objects.length)]?.push(row);
    for (const rows of objects) if (rows.length > 0) await put(rows, round);
  }

  /** @returns the loader that races only during this round. */
  async function disturb(disturbance: Disturbance): Promise<LoaderProcess | undefined> {
    const loader = fleet.newest ?? fleet.start();
    switch (disturbance.do) {
      case 'nothing':
      case 'endpoint crash':
        break;
      case 'kill':
        loader.killAt(disturbance.point, random);
        break;
      case 'rival': {
        const rival = fleet.start();
        if (disturbance.first) await rival.started;
        if (disturbance.kill) rival.killAt(disturbance.kill, random);
        break;
      }
      case 'twin': {
        const twin = await fleet.startTwin();
        await twin.started;
        if (disturbance.kill) twin.killAt(disturbance.kill, random);
        return twin;
      }
      case 'fault':
        await parts.faults.add(disturbance.rule);
        break;
      case 'poison': {
        const key = objectKey(dataset, clock.now(), name());
        observer.expect(key, 'quarantined', []);
        await parts.put(bucket, key, 'this is no Parquet file');
        break;
      }
      case 'foreign': {
        const key = `${processedPrefix(dataset)}it's not ours ${name()}.parquet`;
        observer.expect(key, 'foreign', []);
        await parts.put(bucket, key, 'whatever this is');
      }
    }
    return undefined;
  }

  /** Waits; a loader that ended meanwhile is started again, as its supervisor would. */
  async function until(isSo: () => boolean | Promise<boolean>, what: () => string): Promise<void> {
    const deadline = Date.now() + SETTLE_MS;
    while (!(await isSo())) {
      if (Date.now() > deadline) throw new Error(`after ${SETTLE_MS} ms: ${what()}`);
      if (!fleet.newest) fleet.start();
      const event = await Promise.race([moved.promise, fault.promise, sleep(LOOK_MS, 'silence')]);
      if (event === 'silence') await observe();
    }
  }

  /** @param waiting so many objects may be left: those that nothing but another load can settle. */
  const settled = (waiting: number) =>
    until(
      () => observer.waiting.length <= waiting,
      () => `not loaded: ${observer.waiting.join(', ')}`,
    );

  /** How far the warehouse is and what is missing is told; several loaders would tell it at several times. */
  async function isTold(): Promise<void> {
    const { latest } = observer;
    if (!latest || fleet.size > 1 || observer.waiting.length > 0) return;
    const place = planOf(dataset).holePlace;
    const holes = latest.holes.map((row) => ({
      line: lineOf(place(row)),
      ...{ from: row['missing_from'], to: row['missing_to'] },
    }));
    const truth = { frontiers: sorted(subject.frontiers(latest)), holes };
    const object = async (key: string): Promise<unknown> =>
      JSON.parse((await parts.get(bucket, key)) ?? 'null');
    let told: unknown;
    await until(
      async () => {
        const announced = frontiersSchema.safeParse(await object(latestBatchKey(dataset)));
        const missing = holesSchema.safeParse(await object(holesKey(dataset)));
        const lines = announced.data?.map(({ line, at }) => [line, at] as const);
        told = { frontiers: sorted(lines ?? []), holes: missing.data?.holes };
        return isDeepStrictEqual(told, truth);
      },
      () => `${JSON.stringify(told)} is told, true is ${JSON.stringify(truth)}`,
    );
  }

  async function playRound(batch: readonly Row[], round: Round): Promise<void> {
    tell(JSON.stringify(round));
    const { disturbance } = round;
    const known = observer.waiting.length;
    const reborn = disturbance.do === 'endpoint crash' ? parts.crashEndpoint() : undefined;
    const guest = await disturb(disturbance);
    await deliver(batch, round);
    if (round.settle || reborn) await settled(known);
    if (disturbance.do === 'nothing') await isTold();
    await Promise.race([reborn, fault.promise]);
    if (random() < 0.5) guest?.kill();
    else guest?.stop();
    await parts.faults.clear();
  }

  let current: Promise<void> | undefined;
  async function playAll(): Promise<void> {
    for (const [index, batch] of subject.batches.entries()) {
      const round = rounds[index % rounds.length];
      if (!round) continue;
      current = playRound(batch, round);
      await Promise.race([current, fault.promise]);
    }
    const [again = []] = subject.batches;
    // What is no Parquet is blamed only when something else was loaded since.
    while (observer.waiting.length > 0) {
      await put(again, { late: false });
      await settled(observer.waiting.length - 1);
    }
    await observe();
    await Promise.race([fleet.stop(), fault.promise]);
    subject.compareEnd(await subject.read());
    for (const [batchId, times] of await parts.commits()) {
      const tokens = fleet.sent.get(batchId)?.size ?? 0;
      if (times > tokens) throw new Error(`${batchId} ran ${times} times under ${tokens} tokens`);
    }
  }

  try {
    await playAll();
    return fleet.tally;
  } catch (cause) {
    const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new Error([text, ...story.slice(-STORY_LINES)].join('\n'), { cause });
  } finally {
    // What it still does must not reach into the next play.
    await current?.catch(() => undefined);
    await fleet.stop();
  }
}

function sorted(frontiers: readonly (readonly [string, number])[]) {
  return frontiers.toSorted(([a], [b]) => (a < b ? -1 : 1));
}
