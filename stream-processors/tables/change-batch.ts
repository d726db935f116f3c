import type { KafkaMessage } from 'kafkajs';
import type { WriterSchemas } from '../../runtime/avro/writer-schemas.ts';
import type { DeadLetter } from '../../runtime/kafka/dead-letter-writer.ts';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import { sourceId } from '../../schemas/row-change.ts';
import type { BatchProcessor, LakeRow } from '../batch-processor.ts';
import { createRecordDecoders } from '../record-decoders.ts';
import { unreadableRecord } from '../unreadable-record.ts';
import { createChangeDecoder, type DecodedChange } from './change-decoder.ts';
import { readChangeNumbers, type ChangeNumbers } from './change-headers.ts';
import { readErasedImages } from './erased-record.ts';
import { imageRows, placeholderRow, unreadableRows } from './image-rows.ts';

export interface ChangeBatchOptions {
  readonly dataset: TableDataset;
  readonly schemas: Pick<WriterSchemas, 'lookup'>;
}

export function createChangeBatchProcessor(options: ChangeBatchOptions): BatchProcessor {
  const { dataset, schemas } = options;
  const decoders = createRecordDecoders(schemas, (schema) => createChangeDecoder(dataset, schema));

  const decode = ({ value, headers }: KafkaMessage, numbers: ChangeNumbers): DecodedChange => {
    const decoded = decoders.decode(value, readErasedImages(headers));
    checkAgreement(decoded, numbers);
    return decoded;
  };

  return {
    async process({ partition, messages }, signal) {
      await decoders.prepare(messages, signal);
      const rows: LakeRow[] = [];
      const deadLetters: DeadLetter[] = [];
      for (const message of messages) {
        const numbers = readChangeNumbers(message.headers);
        try {
          if (numbers === undefined) {
            throw new PipelineError('KFK_3007', 'the record lacks the reader’s headers');
          }
          const decoded = decode(message, numbers);
          rows.push(
            ...imageRows(dataset, numbers, decoded, evidenceOf(decoded, partition, message)),
          );
        } catch (error) {
          deadLetters.push(unreadableRecord(dataset.topic.name, partition, message, error));
          // Without numbers the record was not the reader's: no hole to close.
          if (numbers === undefined) continue;
          const key = message.key?.toString('utf8') ?? null;
          rows.push(
            ...unreadableRows(dataset, numbers, key, evidenceOf(undefined, partition, message)),
          );
        }
      }
      return { rows, deadLetters };
    },
    placeholder: (row) => placeholderRow(dataset, row),
  };
}

/** Where a record stood; of one that cannot be read the broker's time is the best there is. */
function evidenceOf(
  decoded: DecodedChange | undefined,
  partition: number,
  { offset, timestamp }: KafkaMessage,
) {
  return {
    partition,
    offset: Number(offset),
    gtid: decoded?.change.source.gtid ?? null,
    committedMs: decoded?.change.source.source_time_ms ?? Number(timestamp),
    readAtMs: decoded?.change.read_at_ms ?? Number(timestamp),
  };
}

/** Headers and value must tell the same: the numbers are the identity of what is loaded. */
function checkAgreement({ change }: DecodedChange, numbers: ChangeNumbers): void {
  const { server, schema, table, epoch, seq } = change.source;
  const agrees =
    change.op === numbers.op &&
    epoch === numbers.epoch &&
    seq === numbers.seq &&
    change.transaction_end === numbers.transactionEnd &&
    sourceId(server, schema, table) === numbers.source;
  if (!agrees) throw new PipelineError('KFK_3007', 'headers and value of the record disagree');
}
