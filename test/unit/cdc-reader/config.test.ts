import { describe, expect, it } from 'vitest';
import { tableStreams } from '../../../cdc-reader/config.ts';
import { whySnapshot } from '../../../cdc-reader/table-stream.ts';
import { configSchema } from '../../../runtime/config/config-schema.ts';
import type { ReaderCheckpoint } from '../../../schemas/checkpoint.ts';

const config = (table: string, source = {}) =>
  configSchema.parse({
    version: 1,
    kafka: { brokers: ['127.0.0.1:9092'] },
    source: { name: 'main', host: 'db', user: 'reader', ...source },
    datasets: { 'support-tickets': { database: 'careplus', table } },
    aws: { region: 'us-east-1' },
    warehouse: { workgroup: 'w', database: 'd', copyRoleArn: 'arn:aws:iam::000000000000:role/r' },
  });

describe('tableStreams', () => {
  it('gives a stream all that it needs to know', () => {
    const [stream] = tableStreams(config('tickets', { serverId: 42, heartbeatSeconds: 5 }));
    expect(stream).toMatchObject({
      sourceId: 'main.careplus.tickets',
      server: 'main',
      database: 'careplus',
      table: 'tickets',
      serverId: 42,
      heartbeatMs: 5_000,
      checkpointIntervalMs: 1_000,
    });
    expect(stream?.dataset.name).toBe('support-tickets');
  });

  it('has another hash for another table', () => {
    const [one, other] = ['tickets', 'others'].map((table) => tableStreams(config(table))[0]);
    expect(one?.configHash).not.toBe(other?.configHash);
    expect(one?.configHash).toBe(tableStreams(config('tickets'))[0]?.configHash);
  });
});

describe('whySnapshot', () => {
  const checkpoint: ReaderCheckpoint = {
    version: 1,
    source: 's',
    phase: 'streaming',
    gtidSet: '0-1-1',
    open: null,
    epoch: 1,
    nextSeq: 1,
    configHash: 'same',
    shapeHash: null,
    sourceTimeMs: 0,
    writtenAtMs: 1,
  };

  it('goes on from a checkpoint of the same configuration', () => {
    expect(whySnapshot(checkpoint, 'same')).toBeUndefined();
  });

  it.each([
    ['no checkpoint', undefined, 'same'],
    [
      'a snapshot that was broken off or asked for',
      { ...checkpoint, phase: 'snapshot' as const },
      'same',
    ],
    ['another mapping', checkpoint, 'other'],
  ])('begins anew with %s', (_, found, hash) => {
    expect(whySnapshot(found, hash)).toEqual(expect.any(String));
  });
});
