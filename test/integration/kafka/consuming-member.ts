/**
 * A process that consumes a topic as a member of a group and prints what it does:
 * `handling <partition> <numbers>`, `handled <partition> <numbers>`, `aborted <partition>`, and the
 * error that ends it. SIGTERM makes it leave.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createProgress } from '../../../runtime/daemon/progress.ts';
import { createKafka } from '../../../runtime/kafka/connection.ts';
import { runConsumerLoop } from '../../../runtime/kafka/consumer-loop.ts';
import { createLog } from '../../../runtime/observability/log.ts';

const argumentSchema = z.strictObject({
  brokers: z.array(z.string()),
  topic: z.string(),
  groupId: z.string(),
  sessionTimeoutMs: z.number(),
  /** How long a batch takes. */
  handleMs: z.number(),
});
export type MemberArguments = z.input<typeof argumentSchema>;

async function consume(): Promise<void> {
  const { brokers, topic, groupId, sessionTimeoutMs, handleMs } = argumentSchema.parse(
    JSON.parse(process.argv[2] ?? ''),
  );
  const log = createLog('member', 'silent');
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const stop = new AbortController();
  process.on('SIGTERM', () => stop.abort());
  await runConsumerLoop({
    kafka: createKafka({ brokers, ssl: false }, { clientId: 'member', log }),
    ...{ groupId, topic, sessionTimeoutMs, log },
    signal: stop.signal,
    progress: createProgress(),
    handle: async ({ partition, messages }, { signal }) => {
      const numbers = messages.map(({ value }) => value?.toString()).join(',');
      say(`handling ${partition} ${numbers}`);
      try {
        await sleep(handleMs, undefined, { signal });
      } catch (error) {
        say(`aborted ${partition}`);
        throw error;
      }
      say(`handled ${partition} ${numbers}`);
    },
  });
}

if (import.meta.main) {
  consume().catch((error: unknown) => {
    process.stdout.write(`${String(error)}\n`);
    process.exit(1);
  });
}
