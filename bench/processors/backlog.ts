import { Partitioners, type Kafka, type Message } from 'kafkajs';
import { ChangeEncoder } from '../../cdc-reader/change-records.ts';
import { describeShape } from '../../cdc-reader/table-shape.ts';
import { createWriterSchemas } from '../../runtime/avro/writer-schemas.ts';
import { createLog } from '../../runtime/observability/log.ts';
import { supportTickets } from '../../schemas/datasets/support-tickets/index.ts';
import { sourceId } from '../../schemas/row-change.ts';

/** Records that are written and not yet to be seen. */
export interface Backlog {
  /** Shows all of them at once. */
  commit(): Promise<void>;
}

/** What one send takes: kafkajs copies its list of messages once per message. */
const SEND = 5_000;

/** Writes inserts of tickets of some 120 bytes, no two alike, as the reader would. */
export async function startBacklog(kafka: Kafka, records: number): Promise<Backlog> {
  const origin = { server: 'bench', database: 'bench', table: 'support_tickets' };
  const { server, database, table } = origin;
  const encoder = new ChangeEncoder({ sourceId: sourceId(server, database, table), ...origin });
  const names = [...supportTickets.mapping.map(({ column }) => column), 'agent_feedback'];
  const shape = describeShape(
    supportTickets,
    names.map((name) => ({ name, type: 'text', charset: 'utf8mb4' })),
  );
  const schemas = createWriterSchemas(kafka, { log: createLog('bench', 'silent') });
  const producer = kafka.producer({
    transactionalId: 'bench-backlog',
    transactionTimeout: 600_000,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const transaction = await producer.transaction();
  const place = { file: 'mariadb-bin.000001', position: 4 };
  const epoch = Math.floor(Date.now() / 1_000);
  for (let seq = 1; seq <= records;) {
    const messages: Message[] = [];
    for (; messages.length < SEND && seq <= records; seq += 1) {
      const [record] = encoder.encode({
        ...{ op: 'c', shape, before: null, epoch, seq, transactionEnd: true, row: 0, place },
        ...{ gtid: `0-1-${seq}`, timeMs: Date.now() },
        after: {
          ...{ ticket_id: `TKT${seq}`, created_at: '2025-01-01 10:00:00', channel: 'Email' },
          ...{ resolved_at: '2025-01-02 11:12:13', agent: `agent_${seq % 50}`, priority: 'High' },
          ...{ num_interactions: '5', IssUeCat: 'Billing', status: 'Open', agent_feedback: null },
        },
      });
      if (record === undefined) throw new Error('a change without a record');
      if (record.newSchema) {
        for (const message of schemas.records(record.newSchema).messages) {
          await transaction.send({
            topic: schemas.records(record.newSchema).topic,
            messages: [{ ...message }],
          });
        }
      }
      messages.push({ ...record.message });
    }
    await transaction.send({ topic: supportTickets.topic.name, messages });
  }
  return {
    async commit() {
      await transaction.commit();
      await producer.disconnect();
    },
  };
}
