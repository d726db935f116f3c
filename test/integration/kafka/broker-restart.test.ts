import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startKafka, type KafkaBroker } from '../../../infra/local/kafka.ts';
import { createProgress } from '../../../runtime/daemon/progress.ts';
import { createCheckpointStore } from '../../../runtime/kafka/checkpoint-store.ts';
import { createKafka } from '../../../runtime/kafka/connection.ts';
import { runConsumerLoop } from '../../../runtime/kafka/consumer-loop.ts';
import { createTransactionalWriter } from '../../../runtime/kafka/transactional-writer.ts';
import { createLog } from '../../../runtime/observability/log.ts';
import { PipelineError } from '../../../runtime/pipeline-error.ts';
import type { Topic } from '../../../schemas/topics.ts';
import { freePorts } from './broker-process.ts';
import { parseCount } from './counting-writer.ts';

const numbers: Topic = { name: 'numbers', partitions: 3, cleanup: 'delete', retentionMs: null };
const checkpoints: Topic = { name: 'places', partitions: 1, cleanup: 'compact', retentionMs: null };
const log = createLog('test', process.env['CAREPLUS_LOG_LEVEL'] ?? 'silent');

/** A broker that is killed needs ports and a log of its own. */
describe.runIf(process.env['CAREPLUS_LONG'] === '1')('when the broker is killed', () => {
  let stateDir: string;
  let ports: number[];
  let broker: KafkaBroker;

  const start = () => {
    const [port = 0, controllerPort = 0] = ports;
    return startKafka({ stateDir, port, controllerPort, topics: [numbers, checkpoints] });
  };

  beforeAll(async () => {
    stateDir = await mkdtemp(join(tmpdir(), 'careplus-kafka-'));
    ports = await freePorts(2);
    broker = await start();
  });

  afterAll(async () => {
    await broker.stop();
    await rm(stateDir, { recursive: true, force: true });
  });

  it('writer and consumer go on, and every number arrives once', { timeout: 240_000 }, async () => {
    const client = (clientId: string) =>
      createKafka({ brokers: [...broker.brokers], ssl: false }, { clientId, log });
    const stop = new AbortController();
    const stopping = () => stop.signal.aborted;

    /** Writes 1, 2, 3 … as the reader does: after any failure it opens and recovers again. */
    let written = 0;
    let failures = 0;
    async function write(): Promise<void> {
      const kafka = client('writing');
      const writer = createTransactionalWriter(kafka, { transactionalId: 'restart', log });
      const store = createCheckpointStore(kafka, {
        ...{ topic: checkpoints.name, parse: parseCount, log },
      });
      while (!stopping()) {
        try {
          await writer.open(stop.signal);
          let next = (await store.recover('numbers', writer, stop.signal))?.next ?? 1;
          while (!stopping()) {
            const messages = [{ key: `${next}`, value: `${next}` }];
            next += 1;
            await writer.write(
              [{ topic: numbers.name, messages }, store.records('numbers', { next })],
              stop.signal,
            );
            written = next - 1;
          }
        } catch (error) {
          if (stopping()) break;
          if (!(error instanceof PipelineError && error.retryable)) throw error;
          failures += 1;
        }
      }
      await writer.close();
    }

    const seen: number[] = [];
    const consumed = runConsumerLoop({
      kafka: client('consuming'),
      ...{ groupId: 'restart', topic: numbers.name, log, progress: createProgress() },
      signal: stop.signal,
      handle: async ({ messages }) => {
        for (const { value } of messages) seen.push(Number(value));
      },
    });
    const writing = write();
    for (let kill = 0; kill < 3; kill++) {
      const before = written;
      await vi.waitFor(() => expect(written).toBeGreaterThan(before + 100), 60_000);
      broker.child.kill();
      await broker.child.exited;
      broker = await start();
    }
    const last = written + 100;
    await vi.waitFor(() => expect(written).toBeGreaterThan(last), 60_000);
    await vi.waitFor(() => expect(seen).toContain(last), 60_000);
    stop.abort();
    await Promise.all([writing, consumed]);
    // Commits of offsets that the kill has cut off make batches come again, never skip any.
    const distinct = [...new Set(seen)].sort((a, b) => a - b);
    expect(distinct.slice(0, last)).toEqual(Array.from({ length: last }, (_, index) => index + 1));
    expect(failures).toBeLessThan(20);
  });
});
