import { Writable } from 'node:stream';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createKafka } from '../../../../runtime/kafka/connection.ts';

function createClient(level: string) {
  const lines: { level: number; msg: string }[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _, done) {
      lines.push(JSON.parse(chunk.toString('utf8')) as { level: number; msg: string });
      done();
    },
  });
  const log = pino({ level }, sink);
  const kafka = createKafka({ brokers: ['127.0.0.1:1'], ssl: false }, { clientId: 'test', log });
  return { logger: kafka.logger(), lines, levels: log.levels.values };
}

describe('what the Kafka client says', () => {
  it('is a warning at most, and once for a while', () => {
    const { logger, lines, levels } = createClient('info');
    logger.error('Connection error: connect ECONNREFUSED', { broker: '127.0.0.1:1' });
    logger.error('Connection error: connect ECONNREFUSED', { broker: '127.0.0.1:1' });
    logger.error('another one');
    logger.info('Consumer has joined the group');
    expect(lines).toMatchObject([
      {
        level: levels['warn'],
        msg: 'Connection error: connect ECONNREFUSED',
        broker: '127.0.0.1:1',
      },
      { level: levels['warn'], msg: 'another one' },
    ]);
  });

  it('about an answer with an error code is no warning: whoever asked knows what to do', () => {
    const { logger, lines } = createClient('info');
    logger.error('Response AddPartitionsToTxn(key: 24, version: 1)', { correlationId: 7 });
    expect(lines).toEqual([]);
  });

  it('carries chosen fields only', () => {
    const { logger, lines } = createClient('debug');
    logger.info('Starting', { groupId: 'g', payload: { secret: 'x' }, stack: 'y' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ msg: 'Starting', groupId: 'g' });
    expect(lines[0]).not.toHaveProperty('payload');
    expect(lines[0]).not.toHaveProperty('stack');
  });
});
