import type { ProtocolRequest } from './cluster.ts';

/** One encoded record batch for one partition. */
export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  readonly batch: Buffer;
}

/** What the broker answered for one partition; 0 is success. */
export interface PartitionResult {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
}

const PRODUCE = { apiKey: 0, apiVersion: 7, apiName: 'Produce' } as const;
const ACKS_ALL = -1;

/**
 * A Produce request (Kafka protocol, version 7) that waits for all replicas in sync. Errors stay
 * with their partitions: the others have been written.
 */
export function produceRequest(
  transactionalId: string,
  batches: readonly PartitionBatch[],
  timeoutMs: number,
): ProtocolRequest<readonly PartitionResult[]> {
  return {
    request: {
      ...PRODUCE,
      encode: async () => {
        const buffer = encode(transactionalId, batches, timeoutMs);
        return { buf: buffer, buffer };
      },
    },
    response: { decode: async (answer) => decode(answer), parse: async (results) => results },
  };
}

function encode(transactionalId: string, batches: readonly PartitionBatch[], timeoutMs: number) {
  const parts: Buffer[] = [text(transactionalId), int16(ACKS_ALL), int32(timeoutMs)];
  const topics = Map.groupBy(batches, ({ topic }) => topic);
  parts.push(int32(topics.size));
  for (const [topic, ofTopic] of topics) {
    parts.push(text(topic), int32(ofTopic.length));
    for (const { partition, batch } of ofTopic) {
      parts.push(int32(partition), int32(batch.length), batch);
    }
  }
  return Buffer.concat(parts);
}

function decode(answer: Buffer): PartitionResult[] {
  let offset = 0;
  const int = () => {
    offset += 4;
    return answer.readInt32BE(offset - 4);
  };
  const short = () => {
    offset += 2;
    return answer.readInt16BE(offset - 2);
  };
  const results: PartitionResult[] = [];
  for (let topics = int(); topics > 0; topics--) {
    const length = short();
    const topic = answer.toString('utf8', offset, (offset += length));
    for (let partitions = int(); partitions > 0; partitions--) {
      results.push({ topic, partition: int(), errorCode: short() });
      offset += 24; // base offset, append time and log start offset
    }
  }
  return results;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([int16(bytes.length), bytes]);
}

function int16(value: number): Buffer {
  const buffer = Buffer.allocUnsafe(2);
  buffer.writeInt16BE(value);
  return buffer;
}

function int32(value: number): Buffer {
  const buffer = Buffer.allocUnsafe(4);
  buffer.writeInt32BE(value);
  return buffer;
}
