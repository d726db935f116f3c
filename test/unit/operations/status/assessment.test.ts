import { describe, expect, it } from 'vitest';
import { assessStatus, type Status } from '../../../../operations/status/assessment.ts';
import { statusLines } from '../../../../operations/status/screen.ts';
import type {
  Answer,
  LogReadings,
  StatusReadings,
  TableReadings,
} from '../../../../operations/status/readings.ts';
import type { ReaderCheckpoint, ShipperCheckpoint } from '../../../../schemas/checkpoint.ts';

const NOW = Date.parse('2026-01-02T03:04:05Z');
const HOUR_MS = 3_600_000;
const answer = <T>(value: T): Answer<T> => ({ answers: true, value });
const silent = { answers: false, why: 'connect ECONNREFUSED' } as const;

const checkpoint: ReaderCheckpoint = {
  version: 1,
  source: 'a.b.c',
  phase: 'streaming',
  gtidSet: '0-1-9',
  open: null,
  epoch: 5,
  nextSeq: 11,
  configHash: '',
  shapeHash: null,
  sourceTimeMs: NOW - 9_000,
  writtenAtMs: NOW - 1_000,
};
const topic = {
  ...{ topic: 't', end: 20, waiting: 0, oldestWaitingMs: null, members: 1 },
  retentionMs: 24 * HOUR_MS,
};
const table: TableReadings = {
  ...{ dataset: 'tickets', source: 'a.b.c', checkpoint: answer(checkpoint), topic: answer(topic) },
  unmapped: answer(['note']),
  batch: answer(NOW - 60_000),
  progress: answer([
    { source: 'a.b.c', epoch: 5, seq: 10, shown: true, committedMs: NOW - 9_000, waiting: 0 },
  ]),
  holes: answer([]),
};
const place: ShipperCheckpoint = {
  version: 1,
  host: 'h',
  generation: '1-a',
  path: '/l/a.log',
  offset: 100,
  generationStart: 0,
  identity: { device: '1', inode: '2', fingerprint: '', fingerprintBytes: 0, birthMs: 1 },
  state: 'open',
  openEntryId: null,
  interrupted: false,
  seenBytes: 100,
  writtenAtMs: NOW - 2_000,
};
const logs: LogReadings = {
  ...{ dataset: 'logs', host: 'h', topic: answer(topic), batch: answer(NOW - 60_000) },
  files: answer([{ path: '/l/a.log', size: 100, place }]),
  progress: answer([
    {
      ...{ host: 'h', generation: '1-a', generationStart: 0, upto: 100, readAtMs: NOW - 8_000 },
      ...{ waiting: 0, unreadable: 0 },
    },
  ]),
  holes: answer([]),
};
const well: StatusReadings = {
  ...{ atMs: NOW, intervalMs: 1_000, heartbeatMs: 2_000, tables: [table], logs: [logs] },
  daemons: { 'cdc-reader': answer({ moves: true, troubles: {} }) },
  server: answer({ gtid: '0-1-9', binlogRetentionMs: 48 * HOUR_MS }),
  quarantine: answer([{ dataset: 'tickets', reasons: 'a:b', count: 3 }]),
  verifications: answer([{ dataset: 'tickets', ok: true, verifiedAt: '2026-01-02 03:00:05' }]),
};

const withTable = (changes: Partial<TableReadings>) =>
  assessStatus({ ...well, tables: [{ ...table, ...changes }] });
const withLogs = (changes: Partial<LogReadings>) =>
  assessStatus({ ...well, logs: [{ ...logs, ...changes }] });
const figures = (status: Status, hop: string, dataset: string | null) =>
  status.hops.find((each) => each.hop === hop && each.dataset === dataset)?.figures;

describe('a status', () => {
  it('is good when every hop is, and tells their figures by stable names', () => {
    const status = assessStatus(well);
    expect(status).toMatchObject({
      ok: true,
      problems: [],
      checked_at: '2026-01-02T03:04:05.000Z',
    });
    expect(figures(status, 'source', null)).toEqual({ gtid: '0-1-9', binlog_retention_hours: 48 });
    expect(figures(status, 'cdc-reader', 'tickets')).toMatchObject({
      ...{ phase: 'streaming', gtid: '0-1-9', epoch: 5, seq: 10, lag_seconds: 0 },
      ...{ heartbeat_age_seconds: 1, binlog_headroom_hours: 48, unmapped_columns: ['note'] },
    });
    expect(figures(status, 'ticket-processor', 'tickets')).toMatchObject({
      ...{ waiting_records: 0, members: 1, topic_headroom_hours: 24 },
    });
    expect(figures(status, 'warehouse-loader', 'logs')).toMatchObject({
      last_batch_age_seconds: 60,
    });
    expect(figures(status, 'log-shipper', 'logs')).toMatchObject({
      ...{ files: 1, bytes: 100, shipped_bytes: 100, behind_bytes: 0, heartbeat_age_seconds: 2 },
    });
    expect(figures(status, 'warehouse', 'logs')).toMatchObject({ covered_bytes: 100, missing: [] });
    expect(status.quarantine).toEqual([{ dataset: 'tickets', reasons: 'a:b', count: 3 }]);
  });

  it('is complete up to the heartbeat when all has arrived, else to what is covered', () => {
    const at = (ms: number) => new Date(ms).toISOString();
    const complete = (status: Status, dataset: string) =>
      figures(status, 'warehouse', dataset)?.['complete_up_to'];
    expect(complete(assessStatus(well), 'tickets')).toBe(at(NOW - 1_000));
    expect(complete(assessStatus(well), 'logs')).toBe(at(NOW - 2_000));
    const ahead = answer({ ...checkpoint, nextSeq: 12 });
    expect(complete(withTable({ checkpoint: ahead }), 'tickets')).toBe(at(NOW - 9_000));
    const shipped = { ...place, offset: 150 };
    const files = answer([{ path: '/l/a.log', size: 150, place: shipped }]);
    expect(complete(withLogs({ files }), 'logs')).toBe(at(NOW - 8_000));
  });

  it('shows a hop that does not answer as such, and the others still', () => {
    const status = assessStatus({
      ...well,
      server: silent,
      quarantine: silent,
      tables: [{ ...table, topic: silent, progress: silent }],
    });
    expect(status.problems).toEqual([
      'source: does not answer: connect ECONNREFUSED',
      'ticket-processor (tickets): does not answer: connect ECONNREFUSED',
      'warehouse (tickets): does not answer: connect ECONNREFUSED',
      'quarantine: does not answer: connect ECONNREFUSED',
    ]);
    expect(figures(status, 'log-shipper', 'logs')).toMatchObject({ files: 1 });
  });
});

describe('what is wrong is named', () => {
  const hole = answer([{ place: 'a.b.c/5', from: 7, to: 8 }]);
  const late = { ...checkpoint, gtidSet: '0-1-8', sourceTimeMs: NOW - 44 * HOUR_MS };
  it.each([
    [
      'a reader that stands still',
      'cdc-reader (tickets): no sign of life for 60 s',
      () => withTable({ checkpoint: answer({ ...checkpoint, writtenAtMs: NOW - 60_000 }) }),
    ],
    ['no checkpoint', 'written no checkpoint', () => withTable({ checkpoint: answer(undefined) })],
    [
      'a binlog that is soon purged',
      'is purged in 4 h',
      () => withTable({ checkpoint: answer(late) }),
    ],
    [
      'a processor that is not there',
      'nobody consumes t, 4 records wait',
      () => withTable({ topic: answer({ ...topic, members: 0, waiting: 4 }) }),
    ],
    [
      'records that are soon removed',
      'are removed from the topic in 2 h',
      () =>
        withLogs({ topic: answer({ ...topic, waiting: 4, oldestWaitingMs: NOW - 22 * HOUR_MS }) }),
    ],
    ['missing numbers', 'missing: 7–8 of a.b.c/5', () => withTable({ holes: hole })],
    ['missing bytes', 'warehouse (logs): missing: 7–8 of', () => withLogs({ holes: hole })],
    [
      'files that nobody ships',
      '100 bytes of 1 files are not shipped',
      () => withLogs({ files: answer([{ path: 'x', size: 100, place: undefined }]) }),
    ],
    [
      'a daemon that hangs',
      'cdc-reader: its work does not move on',
      () =>
        assessStatus({
          ...well,
          daemons: { 'cdc-reader': answer({ moves: false, troubles: {} }) },
        }),
    ],
    [
      'what keeps a part of a daemon from its work, by its code',
      'ticket-processor: support-tickets: LAKE_4002: no such stream',
      () => {
        const troubles = { 'support-tickets': { code: 'LAKE_4002', message: 'no such stream' } };
        const daemons = { 'ticket-processor': answer({ moves: true, troubles }) };
        return assessStatus({ ...well, daemons });
      },
    ],
    [
      'a bad verification',
      'found differences',
      () =>
        assessStatus({
          ...well,
          verifications: answer([
            { dataset: 'logs', ok: false, verifiedAt: '2026-01-01 00:00:00' },
          ]),
        }),
    ],
  ])('%s', (_, problem, assess) => {
    const status = assess();
    expect(status.ok).toBe(false);
    expect(status.problems).toEqual([expect.stringContaining(problem)]);
    expect(statusLines(status).join('\n')).toContain(problem);
  });

  it('but not what is only late: Firehose delivers in any order', () => {
    const status = withTable({ holes: hole, batch: answer(NOW - 500) });
    expect(status.ok).toBe(true);
    expect(figures(status, 'warehouse', 'tickets')).toMatchObject({ missing: ['7–8 of a.b.c/5'] });
  });
});

it('fits one screen of text', () => {
  const lines = statusLines(assessStatus(well));
  expect(lines.at(-1)).toBe('all is well');
  expect(lines.length).toBeLessThan(24);
  expect(lines.join('\n')).toContain('lag 0 s');
  expect(lines.join('\n')).toContain('in quarantine: 3 tickets a:b');
});
