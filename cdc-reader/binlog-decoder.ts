import type {
  AnyBinlogEvent,
  BinlogEventByName,
  BinlogEventName,
  ColumnInfo,
  ColumnSchema,
  RowData,
  TableMapEvent,
  UpdateRowData,
} from '@vlasky/zongji';
import { PipelineError } from '../runtime/pipeline-error.ts';
import { standardText } from '../runtime/sql/quoting.ts';
import type { TableDataset } from '../schemas/datasets/dataset.ts';
import { xidKey, type BinlogEvent, type BinlogPlace, type ChangedRow } from './binlog-events.ts';
import { fromBinlog } from './canonical-value.ts';
import type { ServerFlavour } from './gtid-position.ts';
import {
  createRowReader,
  describeShape,
  type ColumnDefinition,
  type RowReader,
  type TableShape,
} from './table-shape.ts';
import type { TableCatalog } from './table-catalog.ts';
import { decodeBytes, decodeTexts } from './text-charsets.ts';

interface ShapeReader {
  readonly shape: TableShape;
  readonly read: RowReader<RowData>;
}

/**
 * Makes the reader's events of zongji's, for one table. It must be called for every event, in
 * order and at once, for it corrects what zongji knows of a table before the rows are decoded.
 */
export class BinlogDecoder {
  readonly #dataset: TableDataset;
  readonly #catalog: TableCatalog;
  readonly #flavour: ServerFlavour;
  readonly #shapes = new Map<string, ShapeReader>();
  #current: ShapeReader | null = null;
  #file = '';
  #lastPosition = 0;
  /** Where the newest event ended, or the newest heartbeat said that the server is. */
  #sentUpTo: number | string = 0;

  constructor(dataset: TableDataset, catalog: TableCatalog, flavour: ServerFlavour) {
    this.#dataset = dataset;
    this.#catalog = catalog;
    this.#flavour = flavour;
  }

  /**
   * @returns null for events that say nothing about the table.
   * @throws {PipelineError} CDC_1001 when the source numbers its transactions by no GTID.
   */
  decode(event: AnyBinlogEvent): BinlogEvent | null {
    const name = event.getEventName();
    if (name === 'heartbeat') return this.#heartbeat(event as Event<'heartbeat'>);
    this.#sentUpTo = event.nextPosition;
    switch (name) {
      case 'mariadbgtid': {
        const { gtid, timestamp, standalone, preparedXa } = event as Event<'mariadbgtid'>;
        return { kind: 'group', gtid, timeMs: timestamp, begun: !standalone, prepared: preparedXa };
      }
      case 'gtid': {
        const { gtid, timestamp } = event as Event<'gtid'>;
        return { kind: 'group', gtid, timeMs: timestamp, begun: false, prepared: false };
      }
      case 'tablemap':
        return this.#describe(event as Event<'tablemap'>);
      case 'writerows':
        return this.#rows(event as Event<'writerows'>, 'c', (row: RowData, read) => ({
          before: null,
          after: read(row),
        }));
      case 'deleterows':
        return this.#rows(event as Event<'deleterows'>, 'd', (row: RowData, read) => ({
          before: read(row),
          after: null,
        }));
      case 'updaterows':
        return this.#rows(event as Event<'updaterows'>, 'u', (row: UpdateRowData, read) => ({
          before: read(row.before),
          after: read(row.after),
        }));
      case 'xid':
        return { kind: 'commit' };
      case 'query': {
        const { query, schema } = event as Event<'query'>;
        return { kind: 'statement', text: query, database: schema, place: this.#place(event) };
      }
      case 'xaprepare': {
        const { xidGtrid, xidBqual, xidFormatId, onePhase } = event as Event<'xaprepare'>;
        const xid = xidKey(xidGtrid.toString('hex'), xidBqual.toString('hex'), xidFormatId);
        return { kind: 'xa-prepare', xid, onePhase };
      }
      case 'rotate':
        this.#file = (event as Event<'rotate'>).binlogName;
        this.#lastPosition = 0;
        return null;
      case 'anonymousgtid':
        throw new PipelineError(
          'CDC_1001',
          'the binlog has transactions without GTID: SET GLOBAL gtid_mode = ON',
        );
      default:
        return null;
    }
  }

  #rows<Row>(
    event: Event<RowsEventName> & { readonly rows: readonly Row[] },
    op: 'c' | 'u' | 'd',
    change: (row: Row, read: RowReader<RowData>) => ChangedRow,
  ): BinlogEvent | null {
    // Nothing is known of the table after a description that could not be used; that was told then.
    if (this.#current === null) return null;
    if (!hasAllColumns(event)) {
      return { kind: 'unreadable-rows', reason: 'rows do not have all their columns' };
    }
    const { shape, read } = this.#current;
    const rows = event.rows.map((row) => change(row, read));
    return { kind: 'rows', op, shape, rows, place: this.#place(event) };
  }

  /**
   * Heartbeats come when there is nothing to send, and also while the server passes over what the
   * reader has already: then each tells a later place than the one before.
   */
  #heartbeat(event: Event<'heartbeat'>): BinlogEvent | null {
    const place = event.position ?? event.nextPosition;
    const stands = event.binlogName === this.#file && place === this.#sentUpTo;
    this.#file = event.binlogName;
    this.#sentUpTo = place;
    return stands ? { kind: 'heartbeat' } : null;
  }

  /** Headers have 32 bits for the offset: in a file beyond 4 GiB they begin again, and tell nothing. */
  #place(event: AnyBinlogEvent): BinlogPlace {
    const { nextPosition } = event;
    const known = nextPosition > this.#lastPosition;
    if (known) this.#lastPosition = nextPosition;
    return { file: this.#file, position: known ? nextPosition : null };
  }

  #describe(event: TableMapEvent): BinlogEvent | null {
    if (!event.hasSelfDescribingMetadata()) {
      this.#current = null;
      return { kind: 'unreadable-rows', reason: 'rows do not name their columns' };
    }
    try {
      this.#current = this.#readerOf(event);
      return null;
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      this.#current = null;
      return { kind: 'unreadable-shape', error };
    }
  }

  #readerOf(event: TableMapEvent): ShapeReader {
    const entry = event.tableMap[event.tableId];
    const schemas = entry?.columnSchemas ?? [];
    const definitions = schemas.map((schema, index) =>
      this.#define(event, schema, entry?.columns?.[index], index),
    );
    const key = definitions.map(({ name, type, charset }) => `${name}\n${type}\n${charset}`).join();
    const known = this.#shapes.get(key);
    if (known) return known;
    this.#refuseMisreadTypes(event, definitions);
    const shape = describeShape(this.#dataset, definitions);
    const codeTables = shape.columns.map(({ kind, charset }) =>
      (kind === 'text' || kind === 'char') && charset !== null
        ? this.#catalog.codeTableOf(charset)
        : undefined,
    );
    const read = createRowReader(shape, fromBinlog, (row: RowData, { name }, index) => {
      const table = codeTables[index];
      const value = row[name];
      return table && typeof value === 'string' ? decodeBytes(table, value) : value;
    });
    const made = { shape, read };
    this.#shapes.set(key, made);
    return made;
  }

  /**
   * A column as it truly is. zongji knows only MySQL's collation ids and takes every other one for
   * utf8mb4, and it decodes single-byte texts in its own way: told here what is right, before the
   * rows behind this event are decoded.
   */
  #define(
    event: DescribedTable,
    schema: ColumnSchema,
    column: ColumnInfo | undefined,
    index: number,
  ): ColumnDefinition {
    const name = schema.COLUMN_NAME;
    const guessed = schema.CHARACTER_SET_NAME;
    const type = this.#catalog.logicalType(name, schema.COLUMN_TYPE);
    if (guessed === null || !column) return { name, type, charset: guessed };
    const charset = this.#catalog.charsetOf(event._columnCharsetIds?.[index] ?? 0) ?? guessed;
    const table = this.#catalog.codeTableOf(charset);
    column.charset = table ? 'binary' : charset;
    const members = event._enumSetValues?.[index];
    if (!members) return { name, type, charset };
    const texts = decodeTexts(members, charset, table);
    if (schema.ENUM_VALUES) schema.ENUM_VALUES = texts;
    else schema.SET_VALUES = texts;
    const list = texts.map(standardText).join(',');
    return { name, type: `${schema.ENUM_VALUES ? 'enum' : 'set'}(${list})`, charset };
  }

  #refuseMisreadTypes(event: TableMapEvent, definitions: readonly ColumnDefinition[]): void {
    if (this.#flavour !== 'mariadb') return;
    if (event.hasAmbiguousTemporalColumns()) {
      throw new PipelineError(
        'CDC_1001',
        'the table has times in the format of MariaDB 5.3: ALTER TABLE … FORCE',
      );
    }
    // MariaDB counts spatial columns among those with a character set, zongji does not: with one of
    // them every character set behind it would be another column's.
    const spatial = definitions.find(({ type }) => SPATIAL.test(type));
    if (spatial) {
      throw new PipelineError(
        'CDC_1001',
        `a table with a spatial column (${spatial.name}) cannot be read from MariaDB: move that column to a table of its own`,
      );
    }
  }
}

type Event<N extends BinlogEventName> = BinlogEventByName<N>;
type RowsEventName = 'writerows' | 'updaterows' | 'deleterows';

const SPATIAL = /^(?:multi)?(?:geom|point|linestring|polygon)/;

/** Not in zongji's types. */
type DescribedTable = TableMapEvent & {
  readonly _columnCharsetIds?: readonly (number | undefined)[];
  readonly _enumSetValues?: readonly (readonly Buffer[] | undefined)[];
};

interface RowBitmaps {
  readonly columns_present_bitmap?: Buffer;
  readonly columns_present_bitmap2?: Buffer;
}

function hasAllColumns(event: Event<RowsEventName>): boolean {
  const { columns_present_bitmap: one, columns_present_bitmap2: two } = event as RowBitmaps;
  return [one, two].every(
    (bitmap) => bitmap === undefined || countBits(bitmap) >= event.numberOfColumns,
  );
}

function countBits(bitmap: Buffer): number {
  let bits = 0;
  for (const byte of bitmap) for (let rest = byte; rest > 0; rest &= rest - 1) bits += 1;
  return bits;
}
