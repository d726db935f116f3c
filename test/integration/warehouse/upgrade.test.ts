import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { migrate, readMigrations } from '../../../warehouse-loader/migrations.ts';
import { checkOut, oldestCommit } from '../../older-tree.ts';
import type { Image } from './lake-images.ts';
import { startLocalLake, type LocalLake, type RunningLoader } from './local-lake.ts';

const commit = oldestCommit();

/** Without the history there is no older loader: an archive, a shallow clone. */
describe.skipIf(commit === undefined)('a warehouse that an older loader has filled', () => {
  const source = 'shop.care.upgraded';
  const image = (seq: number, kind: Image['kind'], ticket?: string, status?: string): Image => ({
    ...{ source, seq, kind },
    ...(ticket === undefined ? {} : { ticket }),
    ...(status === undefined ? {} : { status }),
  });
  let tree: ReturnType<typeof checkOut>;
  let lake: LocalLake;
  let older: RunningLoader;

  beforeAll(async () => {
    tree = checkOut(commit ?? '');
    lake = await startLocalLake();
    older = lake.startLoader({ root: tree.root });
    await lake.deliver([image(1, '+', 'A', 'Open'), image(2, 'E')]);
    await lake.frontier(source, 2);
  });

  afterAll(async () => {
    await lake[Symbol.asyncDispose]();
    tree[Symbol.dispose]();
  });

  const took = (loader: RunningLoader) => loader.lines.some(({ msg }) => msg === 'took over');

  test('the older loader goes on while two of the new ones migrate under it, each migration once', async () => {
    const before = (await migrations()).length;
    const all = readMigrations();
    expect(before).toBeLessThan(all.length);
    const options = { log: pino({ level: 'silent' }), signal: AbortSignal.timeout(30_000) };
    const done = new AbortController();
    const migrating = Promise.all([1, 2].map(() => migrate(lake.api, all, options)));
    const migrated = migrating.finally(() => done.abort());
    let seq = 2;
    do {
      seq += 1;
      await lake.deliver([image(seq, '+', `M${seq}`, 'Open')]);
      await lake.frontier(source, seq);
    } while (!done.signal.aborted);
    await migrated;
    expect(await migrations()).toEqual(all.map(({ name }) => name));
    await lake.deliver([image(seq + 1, '-', `M${seq}`, 'Open')]);
    await lake.frontier(source, seq + 1);
    expect(older.lines.filter(({ level }) => level === 'error')).toEqual([]);
    await lake.deliver([image(seq + 2, '-', 'A', 'Open'), image(seq + 3, '+', 'A', 'Resolved')]);
    await lake.frontier(source, seq + 3);
  });

  test('the new loader goes on where it stands, and the older one ends', async () => {
    const newer = lake.startLoader();
    await vi.waitFor(() => expect(took(newer)).toBe(true), { timeout: 20_000 });
    const at = await frontier();
    await lake.deliver([image(at + 1, '+', 'B', 'Open')]);
    await lake.frontier(source, at + 1);
    // The older one may lose the race for every object; sooner or later it tries one.
    let seq = at + 1;
    let code: number | null | undefined;
    void older.exit.then((ended) => (code = ended));
    await vi.waitFor(
      async () => {
        seq += 1;
        await lake.deliver([image(seq, '+', `T${seq}`, 'Open')]);
        await lake.frontier(source, seq);
        expect(code).toBe(75);
      },
      { timeout: 20_000, interval: 10 },
    );
    const tickets = await lake.tickets(source);
    expect(tickets).toMatchObject({ A: 'Resolved', B: 'Open' });
    // What the older one has loaded has its history too.
    const periods = await lake.database.query(
      `SELECT ticket_id, status FROM reporting.ticket_periods
       WHERE event_id LIKE $1 AND ticket_id IN ('A', 'B') ORDER BY ticket_id, period_number`,
      [`${source}:%`],
    );
    expect(periods.rows).toMatchObject([
      ...[
        { ticket_id: 'A', status: 'Open' },
        { ticket_id: 'A', status: 'Resolved' },
      ],
      { ticket_id: 'B', status: 'Open' },
    ]);
    const { rows } = await lake.database.query<{ numbers: string; copies: string }>(
      `SELECT count(DISTINCT seq) AS numbers, count(*) AS copies FROM careplus.ticket_changes WHERE source = $1`,
      [source],
    );
    expect(rows[0]).toEqual({ numbers: String(seq), copies: String(seq) });
  });

  test('a start on a warehouse that is migrated already changes nothing of it', async () => {
    const before = await appliedAt();
    const again = lake.startLoader();
    await vi.waitFor(() => expect(took(again)).toBe(true), { timeout: 20_000 });
    expect(await appliedAt()).toEqual(before);
  });

  const appliedAt = async () =>
    (
      await lake.database.query<{ name: string; applied_at: Date }>(
        'SELECT name, applied_at FROM ops.migrations ORDER BY name',
      )
    ).rows;

  const migrations = async () =>
    (
      await lake.database.query<{ name: string }>('SELECT name FROM ops.migrations ORDER BY name')
    ).rows.map(({ name }) => name);

  const frontier = async () => {
    const { rows } = await lake.database.query<{ seq: string }>(
      'SELECT seq FROM ops.ticket_frontier WHERE source = $1 AND shown = 1',
      [source],
    );
    return Number(rows[0]?.seq);
  };
});
