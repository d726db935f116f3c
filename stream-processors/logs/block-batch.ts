import type { KafkaMessage } from 'kafkajs';
import type { WriterSchemas } from '../../runtime/avro/writer-schemas.ts';
import type { DeadLetter } from '../../runtime/kafka/dead-letter-writer.ts';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import type { LogDataset } from '../../schemas/datasets/log-dataset.ts';
import type { LogBlock } from '../../schemas/log-entries.ts';
import type { BatchProcessor, LakeRow } from '../batch-processor.ts';
import { createRecordDecoders } from '../record-decoders.ts';
import { unreadableRecord } from '../unreadable-record.ts';
import { createBlockDecoder } from './block-decoder.ts';
import { readBlockPlace, type BlockPlace } from './block-headers.ts';
import { entryRows, placeholderRow, unreadableRow } from './entry-rows.ts';

export interface BlockBatchOptions {
  readonly dataset: LogDataset;
  readonly schemas: Pick<WriterSchemas, 'lookup'>;
}

/** Turns blocks of a log into lake rows; a block that cannot be read leaves one row over its range. */
export function createBlockBatchProcessor({ dataset, schemas }: BlockBatchOptions): BatchProcessor {
  const decoders = createRecordDecoders(schemas, createBlockDecoder);

  const decode = ({ value }: KafkaMessage, place: BlockPlace): LogBlock => {
    const block = decoders.decode(value);
    checkAgreement(block, place);
    return block;
  };

  return {
    async process({ partition, messages }, signal) {
      await decoders.prepare(messages, signal);
      const rows: LakeRow[] = [];
      const deadLetters: DeadLetter[] = [];
      for (const message of messages) {
        const place = readBlockPlace(message.headers);
        const record = { partition, offset: Number(message.offset) };
        try {
          if (place === undefined) {
            throw new PipelineError('KFK_3007', 'the record lacks the shipper’s headers');
          }
          const block = decode(message, place);
          for (const row of entryRows(dataset, block, record)) rows.push(row);
        } catch (error) {
          deadLetters.push(unreadableRecord(dataset.topic.name, partition, message, error));
          // Without headers the record was not the shipper's: it covers nothing.
          if (place) rows.push(unreadableRow(place, record, Number(message.timestamp)));
        }
      }
      return { rows, deadLetters };
    },
    placeholder: placeholderRow,
  };
}

/** Headers and value must tell the same: the range is the identity of what is loaded. */
function checkAgreement(block: LogBlock, place: BlockPlace): void {
  const last = block.ranges.at(-1);
  const agrees =
    block.host === place.host &&
    block.generation === place.generation &&
    block.generation_start === place.generationStart &&
    block.ranges[0]?.offset === place.first &&
    last !== undefined &&
    last.offset + last.length === place.end;
  if (!agrees) throw new PipelineError('KFK_3007', 'headers and value of the record disagree');
}
