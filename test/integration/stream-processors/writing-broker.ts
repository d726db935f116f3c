import type { Admin } from 'kafkajs';
import {
  createTransactionalWriter,
  type TransactionalWriter,
} from '../../../runtime/kafka/transactional-writer.ts';
import { startTestBroker, uniqueName, type TestBroker } from '../kafka/broker.ts';

/** A broker, who writes to it in transactions, and who asks it. */
export interface WritingBroker extends AsyncDisposable {
  readonly broker: TestBroker;
  readonly writer: TransactionalWriter;
  readonly admin: Admin;
}

export async function startWritingBroker(): Promise<WritingBroker> {
  const broker = await startTestBroker();
  const admin = broker.client().admin();
  await admin.connect();
  const writer = createTransactionalWriter(broker.client(), {
    transactionalId: uniqueName('writer'),
    log: broker.log,
  });
  await writer.open(new AbortController().signal);
  return {
    ...{ broker, writer, admin },
    async [Symbol.asyncDispose]() {
      await writer.close();
      await admin.disconnect();
      await broker.stop();
    },
  };
}
