import { z } from 'zod';
import type { AvroDecoder } from '../../runtime/avro/single-object-encoding.ts';
import type { RawImage, TableDataset } from '../../schemas/datasets/dataset.ts';
import type { ErasedImages } from '../../schemas/erased-image.ts';
import { projectColumns, projectRow, type Projection } from '../../schemas/datasets/projection.ts';
import {
  avroFieldName,
  changeOps,
  type RowChange,
  type RowValues,
} from '../../schemas/row-change.ts';
import { PipelineError } from '../../runtime/pipeline-error.ts';

/** Reads change records of one writer schema as the dataset's mapped fields. */
export interface ChangeDecoder {
  /**
   * @param erased images that are known to be gone from the record.
   * @throws when the bytes do not fit the schema.
   */
  decode(record: Buffer, erased?: ErasedImages): DecodedChange;
}

export interface DecodedChange {
  readonly change: RowChange;
  readonly before: RawImage | null;
  readonly after: RawImage | null;
  readonly erased: ErasedImages;
}

/** The part of a writer schema that names the row's columns. */
const rowField = z.object({
  name: z.literal('before'),
  type: z.tuple([
    z.literal('null'),
    z.object({
      name: z.string(),
      fields: z.array(
        z.object({
          name: z.string(),
          column: z.string().optional(),
          mappedField: z.string().optional(),
        }),
      ),
    }),
  ]),
});

const envelopeSchema = z.object({
  name: z.literal('RowChange'),
  fields: z.array(z.object({ name: z.string(), type: z.unknown() })),
});

const opsWithRows = new Set(['c', 'u', 'd', 'r']);

/**
 * Prepares the reading of one writer schema: which column feeds which mapped field is found once,
 * not per record.
 *
 * @throws {PipelineError} CDC_1003 when the schema lacks a mapped column; only a reader that
 *   did not check could have written it.
 */
export function createChangeDecoder(
  dataset: TableDataset,
  schema: Pick<AvroDecoder, 'schema' | 'decode'>,
): ChangeDecoder {
  const projection = projectSchema(dataset, schema.schema);
  const fields =
    'columns' in projection
      ? new Map([...projection.columns].map(([field, name]) => [field, avroFieldName(name)]))
      : undefined;
  const project = (row: RowValues | null): RawImage | null => {
    if (row === null) return null;
    if (fields) return projectRow(fields, row);
    const missing = 'missing' in projection ? projection.missing.map((m) => m.column) : [];
    throw new PipelineError('CDC_1003', `the record lacks the columns ${missing.join(', ')}`);
  };
  return {
    decode(record, erased = {}) {
      const change = schema.decode(record) as RowChange;
      if (!changeOps.includes(change.op)) throw new TypeError(`unknown op ${change.op}`);
      if (opsWithRows.has(change.op)) checkImages(change, erased);
      return { change, before: project(change.before), after: project(change.after), erased };
    },
  };
}

function checkImages({ op, before, after }: RowChange, erased: ErasedImages): void {
  const wantsBefore = (op === 'u' || op === 'd') && erased.before === undefined;
  const wantsAfter = op !== 'd' && erased.after === undefined;
  if ((before !== null) !== wantsBefore || (after !== null) !== wantsAfter) {
    throw new TypeError(`a change of kind ${op} has the wrong images`);
  }
}

/**
 * The column of each mapped field: as the writer found it, else, for fields that the mapping got
 * later, by name or alias among what was only carried then.
 */
function projectSchema({ mapping }: TableDataset, schema: object): Projection {
  const envelope = envelopeSchema.parse(schema);
  const before = rowField.parse(envelope.fields.find(({ name }) => name === 'before'));
  const columns = before.type[1].fields.map(({ name, column = name, mappedField }) => ({
    ...{ column, mappedField },
  }));
  const told = new Map(
    columns.flatMap(({ column, mappedField }) =>
      mappedField === undefined ? [] : [[mappedField, column] as const],
    ),
  );
  const found = projectColumns(
    mapping.filter(({ field }) => !told.has(field)),
    columns.map(({ column }) => column),
  );
  if ('missing' in found) return found;
  const columnOf = (field: string) => told.get(field) ?? found.columns.get(field) ?? '';
  return { columns: new Map(mapping.map(({ field }) => [field, columnOf(field)])) };
}
