import { hash } from 'node:crypto';
import type { CleanValue } from '../../schemas/datasets/dataset.ts';
import type { WarehouseRow } from '../../runtime/redshift/data-api.ts';
import type { LakeColumn } from '../../schemas/lake-column.ts';

/** Texts that may be longer than this enter a checksum by their own hash. */
const NARROW_BYTES = 512;

/** Hex digits of a checksum: what is planted by hand does not collide in 64 bits. */
const CHECKSUM_DIGITS = 16;

/** A value as a checksum takes it: a wide text by its hash, a number as decimal text. */
export type Piece = string | null;

/** A column and how its values are compared. */
export interface ComparedColumn {
  readonly name: string;
  readonly form: 'number' | 'narrow' | 'wide';
}

/** @param names those to be compared, in this order. */
export function comparedColumns(
  columns: readonly LakeColumn[],
  names: readonly string[],
): ComparedColumn[] {
  const byName = new Map(columns.map((column) => [column.name, column]));
  return names.map((name): ComparedColumn => {
    const column = byName.get(name);
    if (!column) throw new TypeError(`no such column: ${name}`);
    if (column.glueType !== 'string') return { name, form: 'number' };
    const width = Number(/\d+/.exec(column.warehouseType)?.[0]);
    return { name, form: width > NARROW_BYTES ? 'wide' : 'narrow' };
  });
}

/** The value of a row of the source as it enters a comparison. */
export function pieceOf({ form }: ComparedColumn, value: CleanValue): Piece {
  if (value === null) return null;
  return form === 'wide' ? hash('md5', String(value), 'hex') : String(value);
}

/** The same of a row of the warehouse, each piece under its column's name. */
export function piecesSql(columns: readonly ComparedColumn[], alias: string): string {
  return columns.map((column) => `${pieceSql(column, alias)} AS ${column.name}`).join(', ');
}

/** What {@link piecesSql} gave. */
export function piecesOfRow(columns: readonly ComparedColumn[], row: WarehouseRow): Piece[] {
  return columns.map(({ name }) => {
    const value = row[name] ?? null;
    return value === null ? null : String(value);
  });
}

/** One piece. */
export function pieceSql({ name, form }: ComparedColumn, alias: string): string {
  const column = `${alias}.${name}`;
  if (form === 'number') return `CAST(${column} AS VARCHAR(20))`;
  return form === 'wide' ? `MD5(${column})` : column;
}

/**
 * One short text that is another one as soon as any of the columns is. NULL differs from '', blanks
 * at the end count, and neighbours cannot run together.
 */
export function checksumSql(columns: readonly ComparedColumn[], alias: string): string {
  const marked = columns.map((column) => {
    const piece = pieceSql(column, alias);
    const told =
      column.form === 'narrow'
        ? `CAST(OCTET_LENGTH(${piece}) AS VARCHAR(8)) || ':' || ${piece}`
        : piece;
    return `COALESCE(${told}, '-')`;
  });
  return `LEFT(MD5(${marked.join(` || ';' || `)}), ${CHECKSUM_DIGITS})`;
}

/** What {@link checksumSql} makes of these pieces. */
export function checksumOf(columns: readonly ComparedColumn[], pieces: readonly Piece[]): string {
  const marked = columns.map(({ form }, index) => {
    const piece = pieces[index] ?? null;
    if (piece === null) return '-';
    return form === 'narrow' ? `${Buffer.byteLength(piece)}:${piece}` : piece;
  });
  return hash('md5', marked.join(';'), 'hex').slice(0, CHECKSUM_DIGITS);
}

/** The columns that differ, as expected and as found; a wide text is told by its hash. */
export function differingPieces(
  columns: readonly ComparedColumn[],
  expected: readonly Piece[],
  found: readonly Piece[],
): [Record<string, Piece>, Record<string, Piece>] | undefined {
  const differing = columns.flatMap(({ name, form }, index) => {
    const [wanted, is] = [expected[index] ?? null, found[index] ?? null];
    const told = (piece: Piece) => (piece !== null && form === 'wide' ? `MD5 ${piece}` : piece);
    return wanted === is ? [] : [[name, told(wanted), told(is)] as const];
  });
  if (differing.length === 0) return undefined;
  return [
    Object.fromEntries(differing.map(([name, wanted]) => [name, wanted])),
    Object.fromEntries(differing.map(([name, , is]) => [name, is])),
  ];
}
