import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { imagesQuery, type Image } from './lake-images.ts';
import { startLocalLake, type LocalLake, type RunningLoader } from './local-lake.ts';

let lake: LocalLake;
let loaders: RunningLoader[] = [];
let sources = 0;

beforeAll(async () => {
  lake = await startLocalLake();
});

afterAll(async () => {
  await lake[Symbol.asyncDispose]();
});

afterEach(async () => {
  await lake.faults.clear();
  for (const loader of loaders) loader.kill('SIGTERM');
  await Promise.all(loaders.map(({ exit }) => exit));
  loaders = [];
});

function startLoader(): RunningLoader {
  const loader = lake.startLoader();
  loaders.push(loader);
  return loader;
}

/** Waits for a condition; the limit is far, for the machine may be busy. */
async function eventually(condition: () => void | Promise<void>): Promise<void> {
  await vi.waitFor(condition, { timeout: 20_000, interval: 10 });
}

/** Each test has a source of its own: an insert and a snapshot end make it visible. */
function newSource() {
  sources += 1;
  const source = `shop.care.t${sources}`;
  const image = (seq: number, kind: Image['kind'], ticket?: string, status?: string): Image => ({
    ...{ source, seq, kind },
    ...(ticket === undefined ? {} : { ticket }),
    ...(status === undefined ? {} : { status }),
  });
  return { source, image, first: [image(1, '+', 'A', 'Open'), image(2, 'E')] };
}

/** What it told of the tickets: it loads the logs too. */
function message(loader: RunningLoader, text: string) {
  return loader.lines.filter(({ msg, dataset }) => msg === text && dataset === 'support-tickets');
}

/** Every number once in history: what was loaded twice would be there twice. */
async function expectHistory(source: string, numbers: number): Promise<void> {
  const { rows } = await lake.database.query<{ seq: string }>(
    'SELECT seq FROM careplus.ticket_changes WHERE source = $1 ORDER BY seq',
    [source],
  );
  expect(rows.map(({ seq }) => Number(seq))).toEqual(
    Array.from({ length: numbers }, (_, index) => index + 1),
  );
}

/** How many committed transactions loaded an object. */
async function runsOf(key: string): Promise<number> {
  const { rows } = await lake.database.query(
    `SELECT b.batch_id FROM ops.ticket_batches b JOIN ops.ticket_ledger l ON l.batch_id = b.batch_id
      WHERE l.object_key = $1 AND b.check_name = 'fence'`,
    [key],
  );
  return rows.length;
}

describe('the loader', () => {
  test('loads a batch, announces it, and asks nothing of the warehouse while the lake is idle', async () => {
    startLoader();
    const { source, first } = newSource();
    const key = await lake.deliver(first);
    await lake.frontier(source, 2);
    expect(await lake.tickets(source)).toEqual({ A: 'Open' });
    expect(await lake.ledger(key)).toEqual([{ outcome: 'loaded', reason: null }]);
    await eventually(async () => {
      expect(await lake.latest()).toMatchObject({
        ...{ source, seq: 2, shown: true, committed_ms: 1_751_364_002_000 },
        batch_id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      });
    });
    const before = (await lake.faults.stats()).calls;
    const looks = before['ListObjectsV2'] ?? 0;
    await eventually(async () => {
      expect((await lake.faults.stats()).calls['ListObjectsV2']).toBeGreaterThan(looks + 10);
    });
    const after = (await lake.faults.stats()).calls;
    for (const call of ['BatchExecuteStatement', 'ExecuteStatement', 'GetStatementResult']) {
      expect(after[call]).toBe(before[call]);
    }
  });

  test('late, repeated and reordered objects change nothing (I4, I5)', async () => {
    startLoader();
    const { source, image, first } = newSource();
    const later = [image(5, '-', 'A', 'Open'), image(6, '+', 'A', 'Resolved')];
    const hourAgo = new Date(Date.now() - 3_600_000);
    await lake.deliver(later);
    await lake.deliver(first);
    await lake.deliver(first);
    await lake.frontier(source, 2);
    expect(await lake.tickets(source)).toEqual({ A: 'Open' });
    await lake.deliver([image(3, '+', 'B', 'Open'), image(4, '+', 'C', 'Open')], hourAgo);
    await lake.frontier(source, 6);
    expect(await lake.tickets(source)).toEqual({ A: 'Resolved', B: 'Open', C: 'Open' });
    const again = await lake.deliver([...first, ...later]);
    await eventually(async () => expect(await lake.ledger(again)).toHaveLength(1));
    expect(await lake.tickets(source)).toEqual({ A: 'Resolved', B: 'Open', C: 'Open' });
    await expectHistory(source, 6);
  });

  test('a lost reply is asked for again under the same token: the batch runs once', async () => {
    startLoader();
    const { source, first } = newSource();
    await lake.faults.add({
      ...{ op: 'BatchExecuteStatement', action: 'drop-after', match: 'COPY copied', times: 4 },
    });
    const key = await lake.deliver(first);
    await lake.frontier(source, 2);
    await eventually(async () => {
      expect((await lake.faults.stats()).faults['BatchExecuteStatement drop-after']).toBe(4);
    });
    expect(await runsOf(key)).toBe(1);
  });

  test.each([
    ['a conflict', 'ERROR: 1023 DETAIL: Serializable isolation violation on table'],
    ['a fault that is not the object’s', 'ERROR: disk full'],
  ])('%s is tried again, tells itself, and delays nothing for long', async (_, text) => {
    const loader = startLoader();
    const { source, first } = newSource();
    await lake.faults.add({
      ...{ op: 'BatchExecuteStatement', action: 'failed-statement', message: text },
      match: 'CREATE TEMP TABLE repeated',
    });
    await lake.deliver(first);
    await lake.frontier(source, 2);
    await expectHistory(source, 2);
    expect(loader.lines.some((line) => JSON.stringify(line).includes(text))).toBe(true);
  });

  test('objects that COPY refuses are set aside with the reason, the others are loaded (I6)', async () => {
    const loader = startLoader();
    const { source, image, first } = newSource();
    await eventually(() => expect(message(loader, 'took over')).toHaveLength(1));
    const bad = {
      noParquet: lake.newKey(),
      otherColumns: lake.newKey(),
      withoutNumber: lake.newKey(),
    };
    await lake.put(bad.noParquet, 'this is no Parquet file');
    await lake.put(bad.otherColumns, await lake.parquet('SELECT 1 AS one, 2 AS two'));
    await lake.deliver(first);
    const nameless = { source, seq: 3, kind: '+', ticket: 'Z', status: 'Open' } as const;
    const images = imagesQuery([nameless]);
    const withNull = `SELECT * REPLACE (CAST(NULL AS BIGINT) AS seq) FROM (${images})`;
    await lake.put(bad.withoutNumber, await lake.parquet(withNull));
    await lake.frontier(source, 2);
    // Behind them the good data goes on; what loads is the proof that the fault is theirs.
    const outcomes = () => Promise.all(Object.values(bad).map((key) => lake.ledger(key)));
    const setAside = [{ outcome: 'quarantined', reason: expect.stringMatching(/.{10}/) as string }];
    let seq = 2;
    await vi.waitFor(
      async () => {
        seq += 1;
        await lake.deliver([image(seq, '+', 'B', 'Open')]);
        await lake.frontier(source, seq);
        expect(await outcomes()).toEqual([setAside, setAside, setAside]);
      },
      { timeout: 50_000, interval: 250 },
    );
    expect(await lake.tickets(source)).toEqual({ A: 'Open', B: 'Open' });
  });

  test('a bad object in an idle lake is set aside as soon as COPY takes an older one (I6)', async () => {
    startLoader();
    const { source, image, first } = newSource();
    await lake.deliver(first);
    await lake.frontier(source, 2);
    const bad = lake.newKey();
    await lake.put(bad, 'no Parquet at all');
    await eventually(async () => {
      expect(await lake.ledger(bad)).toMatchObject([{ outcome: 'quarantined' }]);
    });
    await lake.deliver([image(3, '+', 'B', 'Open')]);
    await lake.frontier(source, 3);
    expect(await lake.tickets(source)).toEqual({ A: 'Open', B: 'Open' });
  });

  test('nothing is set aside while COPY refuses everything, and all of it loads afterwards', async () => {
    const loader = startLoader();
    const { source, image, first } = newSource();
    await lake.deliver(first);
    await lake.frontier(source, 2);
    await lake.faults.add({
      ...{ op: 'BatchExecuteStatement', action: 'failed-statement', match: 'COPY copied' },
      ...{ message: 'ERROR: S3ServiceException: Access Denied', times: 1_000 },
    });
    const key = await lake.deliver([image(3, '+', 'B', 'Open')]);
    // The third refusal asks what COPY thinks of an older object: the same.
    await eventually(() => {
      expect(message(loader, 'COPY refuses what it took before')).toHaveLength(1);
    });
    expect(await lake.ledger(key)).toEqual([]);
    await lake.faults.clear();
    await lake.frontier(source, 3);
    expect(await lake.ledger(key)).toEqual([{ outcome: 'loaded', reason: null }]);
  });

  test('an object that is not Firehose’s is told in the ledger and not loaded', async () => {
    startLoader();
    const { source, first } = newSource();
    const foreign = `support-tickets/processed/it's \\ not ours.parquet`;
    await lake.put(foreign, await lake.parquet('SELECT 1 AS one'));
    await lake.deliver(first);
    await lake.frontier(source, 2);
    await eventually(async () => {
      expect(await lake.ledger(foreign)).toEqual([
        { outcome: 'foreign', reason: 'not a name that Firehose gives' },
      ]);
    });
  });

  test('a missing number is told after three Firehose intervals, and filled without a word', async () => {
    const loader = startLoader();
    const { source, image, first } = newSource();
    await lake.deliver(first);
    await lake.deliver([image(5, '+', 'B', 'Open')]);
    await eventually(() => {
      expect(message(loader, 'numbers are missing: the frontier waits')).toMatchObject([
        { source, from: 3, to: 4 },
      ]);
    });
    await lake.deliver([image(3, '+', 'C', 'Open'), image(4, '-', 'C', 'Open')]);
    await lake.frontier(source, 5);
    expect(await lake.tickets(source)).toEqual({ A: 'Open', B: 'Open' });
  });
});

describe('two loaders (I8)', () => {
  test('the newer one takes over; the older one ends with 75 at its next batch', async () => {
    const older = startLoader();
    const { source, image, first } = newSource();
    await lake.deliver(first);
    await lake.frontier(source, 2);
    const newer = startLoader();
    await eventually(() => expect(message(newer, 'took over')).toHaveLength(1));
    for (let seq = 3; seq < 8; seq += 1) await lake.deliver([image(seq, '+', `T${seq}`, 'Open')]);
    await lake.frontier(source, 7);
    // The older one may lose the race for every object; sooner or later it tries one.
    let seq = 8;
    await eventually(async () => {
      await lake.deliver([image(seq, '+', `T${seq}`, 'Open')]);
      seq += 1;
      expect(older.lines.some(({ code }) => code === 'WH_5002')).toBe(true);
    });
    expect(await older.exit).toBe(75);
    await lake.frontier(source, seq - 1);
    await expectHistory(source, seq - 1);
  });

  test('the newer one waits for the batch that the older one has in the warehouse', async () => {
    const older = startLoader();
    const { source, image, first } = newSource();
    await eventually(() => expect(message(older, 'took over')).toHaveLength(1));
    await lake.faults.add({
      ...{ op: 'BatchExecuteStatement', action: 'slow-statement', ms: 2_000 },
      match: 'CREATE TEMP TABLE repeated',
    });
    const key = await lake.deliver(first);
    await eventually(async () => {
      expect((await lake.faults.stats()).faults['BatchExecuteStatement slow-statement']).toBe(1);
    });
    older.kill('SIGKILL');
    const newer = startLoader();
    await eventually(() => expect(message(newer, 'took over')).toHaveLength(1));
    expect(await runsOf(key)).toBe(1);
    await lake.deliver([image(3, '+', 'B', 'Open')]);
    await lake.frontier(source, 3);
    expect(await runsOf(key)).toBe(1);
    await expectHistory(source, 3);
  });
});

describe('a process that dies', () => {
  test('a loader that is killed again and again loses and doubles nothing (I3)', async () => {
    const { source, image, first } = newSource();
    await lake.deliver(first);
    let seq = 2;
    for (let round = 0; round < 5; round += 1) {
      const loader = startLoader();
      for (let object = 0; object < 6; object += 1) {
        await lake.deliver([image((seq += 1), '+', `T${seq}`, 'Open')]);
        // Killed after another number of statements each time: while it starts, loads or announces.
        const calls = (await lake.faults.stats()).calls['BatchExecuteStatement'] ?? 0;
        if (object === round) {
          await eventually(async () => {
            const now = (await lake.faults.stats()).calls['BatchExecuteStatement'] ?? 0;
            expect(now).toBeGreaterThan(calls);
          });
          loader.kill('SIGKILL');
          await loader.exit;
        }
      }
    }
    startLoader();
    await lake.frontier(source, seq);
    await expectHistory(source, seq);
    const { rows } = await lake.database.query(
      'SELECT object_key FROM ops.ticket_ledger GROUP BY object_key HAVING count(*) > 1',
    );
    expect(rows).toEqual([]);
  });

  test('a warehouse endpoint that dies behind the commit has loaded the batch once', async () => {
    const loader = startLoader();
    const { source, image, first } = newSource();
    await eventually(() => expect(message(loader, 'took over')).toHaveLength(1));
    await lake.faults.add({
      ...{ op: 'BatchExecuteStatement', action: 'crash-after', match: 'COPY copied' },
    });
    const exit = lake.endpointExit;
    const key = await lake.deliver(first);
    await exit;
    await lake.restartEndpoint();
    await lake.frontier(source, 2);
    await lake.deliver([image(3, '+', 'B', 'Open')]);
    await lake.frontier(source, 3);
    await expectHistory(source, 3);
    expect(await lake.ledger(key)).toHaveLength(1);
    await eventually(async () => expect((await lake.latest())?.['seq']).toBeDefined());
  });

  test('SIGTERM ends the loader with 0 after the batch that it has in flight', async () => {
    const loader = startLoader();
    const { source, first } = newSource();
    await eventually(() => expect(message(loader, 'took over')).toHaveLength(1));
    await lake.faults.add({
      ...{ op: 'BatchExecuteStatement', action: 'slow-statement', ms: 500 },
      match: 'CREATE TEMP TABLE repeated',
    });
    await lake.deliver(first);
    await eventually(async () => {
      expect((await lake.faults.stats()).faults['BatchExecuteStatement slow-statement']).toBe(1);
    });
    loader.kill('SIGTERM');
    expect(await loader.exit).toBe(0);
    expect(await lake.tickets(source)).toEqual({ A: 'Open' });
  });
});
