import { createEncoder, type AvroEncoder } from '../runtime/avro/single-object-encoding.ts';
import { MAX_BATCH_BYTES, recordBytes } from '../runtime/kafka/partition-batches.ts';
import type { OutgoingMessage } from '../runtime/kafka/transactional-writer.ts';
import { carriedText } from '../schemas/carried-text.ts';
import {
  changeHeaders,
  rowChangeSchema,
  type RowChange,
  type RowValues,
} from '../schemas/row-change.ts';
import { imagesOf } from './image-numbering.ts';
import { emptyShapeHash, type TableShape } from './table-shape.ts';
import type { NumberedChange } from './transaction-tracker.ts';

/** The table that changes come from, as their records name it. */
export interface ChangeOrigin {
  readonly sourceId: string;
  readonly server: string;
  readonly database: string;
  readonly table: string;
}

/** A change as a Kafka record. */
export interface ChangeRecord {
  readonly message: OutgoingMessage;
  /** Size of the record, at most. */
  readonly bytes: number;
  /** Writer schema that no earlier record needed: to be published in the same transaction. */
  readonly newSchema: object | null;
}

interface ShapeEncoder {
  readonly schema: object;
  readonly encoder: AvroEncoder;
  published: boolean;
}

/** Makes Kafka records of changes: key, headers that repeat the numbers, Avro value. */
export class ChangeEncoder {
  readonly #origin: ChangeOrigin;
  readonly #now: () => number;
  readonly #encoders = new Map<string, ShapeEncoder>();

  constructor(origin: ChangeOrigin, now: () => number = Date.now) {
    this.#origin = origin;
    this.#now = now;
  }

  /**
   * @returns one record; two for an update that is too large for one, as a delete and an insert. A
   *   row that is too large all the same loses the ends of the values that no field takes.
   */
  encode(change: NumberedChange): ChangeRecord[] {
    const record = this.#encodeOne(change);
    if (record.bytes <= MAX_BATCH_BYTES) return [record];
    const { newSchema } = record;
    if (change.op !== 'u') return [{ ...this.#encodeOne(withinLimits(change)), newSchema }];
    const before = this.encode({ ...change, op: 'd', after: null, transactionEnd: false });
    const after = this.encode({ ...change, op: 'c', before: null, seq: change.seq + 1 });
    return [...before, ...after].map((each, index) =>
      index === 0 ? { ...each, newSchema } : each,
    );
  }

  #encodeOne(change: NumberedChange): ChangeRecord {
    const shape = this.#encoderOf(change.shape);
    const { op, before, after, epoch, seq } = change;
    const value: RowChange = {
      op,
      before,
      after,
      source: {
        server: this.#origin.server,
        schema: this.#origin.database,
        table: this.#origin.table,
        epoch,
        seq,
        file: change.place?.file ?? null,
        position: change.place?.position ?? null,
        row: change.row,
        gtid: change.gtid,
        source_time_ms: change.timeMs,
      },
      transaction_end: change.transactionEnd,
      read_at_ms: this.#now(),
    };
    const newSchema = shape.published ? null : shape.schema;
    shape.published = true;
    const message = {
      key: this.#key(change),
      value: shape.encoder.encode(value),
      headers: {
        [changeHeaders.source]: this.#origin.sourceId,
        [changeHeaders.epoch]: String(epoch),
        [changeHeaders.seq]: String(seq),
        [changeHeaders.images]: imagesOf(op) === 1 ? '1' : '2',
        [changeHeaders.kind]: op,
        [changeHeaders.transactionEnd]: change.transactionEnd ? '1' : '0',
      },
    };
    return { message, bytes: recordBytes(message), newSchema };
  }

  /** Keys only spread the load: a row without a key goes where the markers go. */
  #key({ shape, before, after }: NumberedChange): string {
    const key = shape && (after ?? before)?.[shape.keyField];
    return key === null || key === undefined || key === '' ? this.#origin.sourceId : key;
  }

  #encoderOf(shape: TableShape | null): ShapeEncoder {
    const hash = shape?.hash ?? emptyShapeHash;
    const known = this.#encoders.get(hash);
    if (known) return known;
    const schema = rowChangeSchema(hash, shape?.columns ?? []);
    const made = { schema, encoder: createEncoder(schema), published: false };
    this.#encoders.set(hash, made);
    return made;
  }
}

/** Bytes that the unmapped values of a large row may take, together. */
const UNMAPPED_BYTES = 150_000;

function withinLimits(change: NumberedChange): NumberedChange {
  const unmapped = (change.shape?.columns ?? []).filter(({ mappedField }) => !mappedField);
  const maxBytes = Math.floor(UNMAPPED_BYTES / Math.max(1, unmapped.length));
  const cut = (row: RowValues | null) => {
    if (row === null) return null;
    const ends = unmapped.flatMap(({ field }) => {
      const text = row[field];
      return typeof text === 'string' ? [[field, carriedText(text, maxBytes)] as const] : [];
    });
    return { ...row, ...Object.fromEntries(ends) };
  };
  return { ...change, before: cut(change.before), after: cut(change.after) };
}
