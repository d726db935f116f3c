import { describe, expect, it } from 'vitest';
import { logHops, tableHops } from '../../../../../dashboards/web/pipeline/pipeline-hops.ts';
import type { ReaderCheckpoint } from '../../../../../schemas/checkpoint.ts';

const checkpoint: ReaderCheckpoint = {
  version: 1,
  source: 's',
  phase: 'streaming',
  gtidSet: '0-1-5',
  open: null,
  epoch: 7,
  nextSeq: 104,
  configHash: 'c',
  shapeHash: null,
  sourceTimeMs: 50_000,
  writtenAtMs: 90_000,
};
const frontier = { source: 's', epoch: 7, seq: 100, committedMs: 50_000 };
const topic = { topic: 't', end: 120, waiting: 2 };
const batch = { batch_id: 'b1', loaded_at_ms: 80_000, epochs: [{ waiting: 1 }, { waiting: 2 }] };
const known = { topicName: 't', checkpoint, topic, batch, frontier };

const waits = (hops: ReturnType<typeof tableHops>) =>
  hops.map(({ name, waiting }) => [name, waiting?.value ?? null]);

describe('stations of the tickets', () => {
  it('tell how far each has come and what it has still to do', () => {
    const hops = tableHops(known);
    expect(waits(hops)).toEqual([
      ['cdc-reader', null],
      ['t', null],
      ['ticket-processor', 2],
      ['warehouse-loader', 3],
      ['warehouse', 3],
    ]);
    expect(hops.map(({ position }) => position?.value ?? null)).toEqual([103, 120, 118, null, 100]);
    expect(hops.map(({ seenAtMs }) => seenAtMs)).toEqual([90_000, null, null, 80_000, 50_000]);
  });

  it('do not compare numbers of different epochs', () => {
    const hops = tableHops({ ...known, frontier: { ...frontier, epoch: 6 } });
    expect(hops.at(-1)?.waiting).toBeNull();
  });

  it('say so where nothing is known', () => {
    const none = { checkpoint: undefined, topic: undefined, batch: null, frontier: undefined };
    const hops = tableHops({ topicName: 't', ...none });
    expect(hops.map(({ detail }) => detail)).toEqual([
      'no checkpoint in Kafka yet',
      'Kafka does not answer',
      'Kafka does not answer',
      'no batch yet',
      'shows nothing yet',
    ]);
    for (const hop of hops) expect(hop).toMatchObject({ position: null, waiting: null });
  });

  it('show a batch that tells less than expected', () => {
    const [, , , loader] = tableHops({ ...known, batch: { batch_id: 'b2', loaded_at_ms: 'soon' } });
    expect(loader).toMatchObject({ waiting: null, seenAtMs: null, detail: 'batch b2' });
  });
});

describe('stations of the logs', () => {
  it('count bytes over all hosts', () => {
    const host = {
      ...{ host: 'app-1', files: 1, shippedBytes: 900, unshippedBytes: 50 },
      ...{ uncoveredBytes: 25, seenAtMs: 70_000 },
    };
    const hops = logHops({
      ...{ topicName: 't', topic },
      batch: { batch_id: 'b1', files: [{ waiting: 4 }] },
      hosts: [host, { ...host, host: 'app-2', files: 2, seenAtMs: 75_000 }],
      frontiers: [
        { source: 'app-1', epoch: 0, seq: 900, committedMs: 60_000 },
        { source: 'app-2', epoch: 0, seq: 850, committedMs: 65_000 },
      ],
    });
    expect(waits(hops)).toEqual([
      ['log-shipper', 100],
      ['t', null],
      ['log-processor', 2],
      ['warehouse-loader', 4],
      ['warehouse', 50],
    ]);
    expect(hops[0]).toMatchObject({ seenAtMs: 75_000, detail: '3 files of app-1, app-2' });
    expect(hops.at(-1)).toMatchObject({ position: { value: 1_750 }, seenAtMs: 65_000 });
  });

  it('say so where nothing is known', () => {
    const hops = logHops({
      topicName: 't',
      topic: undefined,
      batch: null,
      hosts: [],
      frontiers: [],
    });
    for (const hop of hops) expect(hop).toMatchObject({ position: null, waiting: null });
  });
});
