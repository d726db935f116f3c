import { Kafka } from 'kafkajs';
import { beforeEach, describe, expect, it } from 'vitest';
import { startMarkerKey } from '../../../../schemas/checkpoint.ts';
import type { FollowCompactedOptions } from '../../../../runtime/kafka/compacted-tail.ts';
import { topics } from '../../../../schemas/topics.ts';
import {
  createWrittenEnds,
  type WrittenEnds,
} from '../../../../stream-processors/replay/written-ends.ts';

const signal = new AbortController().signal;
const nothing = new Map();

describe('how far reader and shipper have written', () => {
  let ends: WrittenEnds;
  const followed = new Map<string, FollowCompactedOptions['onValue']>();
  const tell = (topic: string, key: string, value: object | null) =>
    followed.get(topic)?.(key, value && Buffer.from(JSON.stringify(value)), '0');

  beforeEach(async () => {
    ends = createWrittenEnds(async ({ topic, onValue }) => void followed.set(topic, onValue));
    await ends.follow(new Kafka({ brokers: ['unused:1'] }), signal);
  });

  const reader = (more: object) =>
    tell(topics.readerCheckpoints.name, 's', {
      ...{ version: 1, source: 's', phase: 'streaming', gtidSet: '', open: null, epoch: 7 },
      ...{ nextSeq: 10, configHash: '', shapeHash: null, sourceTimeMs: 0, writtenAtMs: 1 },
      ...more,
    });
  const shipper = (offset: number, more: object = {}) =>
    tell(topics.shipperCheckpoints.name, 'h/g', {
      ...{ version: 1, host: 'h', generation: 'g', path: '/x', offset, generationStart: 0 },
      identity: { device: '', inode: '', fingerprint: '', fingerprintBytes: 0, birthMs: 0 },
      ...{ state: 'open', openEntryId: null, interrupted: false, seenBytes: offset },
      writtenAtMs: 1,
      ...more,
    });

  it('is a file’s of one format; a checkpoint without one is of before there were several', () => {
    shipper(100);
    expect(ends.logs('other')).toEqual(nothing);
    shipper(200, { dataset: 'other' });
    expect(ends.logs('other')).toEqual(new Map([['h:g', 199]]));
    expect(ends.logs('support-logs')).toEqual(nothing);
  });

  it('is the last image of a source’s newest epoch', () => {
    expect(ends.tables('s')).toEqual(nothing);
    reader({});
    expect(ends.tables('s')).toEqual(new Map([['s:7', 9]]));
    reader({ epoch: 8, nextSeq: 2 });
    expect(ends.tables('s')).toEqual(new Map([['s:8', 1]]));
    expect(ends.tables('other')).toEqual(nothing);
  });

  it('is no image inside a source transaction, which is not shown in parts', () => {
    reader({ nextSeq: 1 });
    expect(ends.tables('s')).toEqual(nothing);
    reader({});
    reader({ nextSeq: 500, open: { gtid: 'x', imagesWritten: 490, rollingHash: '' } });
    expect(ends.tables('s')).toEqual(new Map([['s:7', 9]]));
  });

  it('is the last byte of a file, until it is gone and all there', () => {
    shipper(0);
    expect(ends.logs('support-logs')).toEqual(nothing);
    shipper(100);
    expect(ends.logs('support-logs')).toEqual(new Map([['h:g', 99]]));
    const covered = (at: number) => ends.forgetArrived([{ line: 'h:g', at, waiting: 0 }]);
    covered(99);
    expect(ends.logs('support-logs').size).toBe(1);
    tell(topics.shipperCheckpoints.name, 'h/g', null);
    covered(98);
    expect(ends.logs('support-logs')).toEqual(new Map([['h:g', 99]]));
    covered(99);
    expect(ends.logs('support-logs')).toEqual(nothing);
  });

  it('is not told by start markers or by what is no checkpoint', () => {
    tell(topics.shipperCheckpoints.name, startMarkerKey('h/g'), { version: 1 });
    followed.get(topics.readerCheckpoints.name)?.('s', Buffer.from('garbage'), '0');
    expect([ends.logs('support-logs'), ends.tables('s')]).toEqual([nothing, nothing]);
  });
});
