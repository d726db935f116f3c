import type { CleanValue, TableDataset } from '../../schemas/datasets/dataset.ts';
import type { LogColumn, LogDataset } from '../../schemas/datasets/log-dataset.ts';
import { verdictColumns } from '../../schemas/image-row.ts';
import type { LakeColumn } from '../../schemas/lake-column.ts';
import { logVerdictColumns } from '../../schemas/log-row.ts';
import { restOf, type Expectation } from './expectation.ts';
import { comparedColumns, pieceOf, type ComparedColumn, type Piece } from './judged-columns.ts';

/** A row or entry of the source with all that the warehouse must hold of it. */
export interface JudgedImage extends Expectation {
  /** The frozen order: a row's rank, an entry's time. */
  readonly rank: number;
  readonly day: string;
}

/** The columns of a dataset that are a function of the source's row and the rules. */
export interface JudgedRow {
  readonly columns: readonly ComparedColumn[];
  /** In the order of the columns. */
  piecesOf(image: JudgedImage): Piece[];
}

/** Those of a table's images: `careplus.<entity>_state` and `_changes`. */
export function judgedImage(dataset: TableDataset): JudgedRow {
  return judgedRow(dataset, verdictColumns(dataset), 'rank', ['book_day']);
}

/** Those of a log's entries, `careplus.<entity>_entry`, but for the day, which has a check of its own. */
export function judgedEntry(dataset: LogDataset): JudgedRow {
  return judgedRow(dataset, logVerdictColumns(dataset), 'sort_ms');
}

function judgedRow(
  { cleanColumns, keyField }: Pick<LogDataset, 'cleanColumns' | 'keyField'>,
  all: readonly LakeColumn[],
  order: 'rank' | 'sort_ms',
  frozen: readonly string[] = [],
): JudgedRow {
  const cells = cleanColumns.map(lakeName);
  const beside = ['reasons', 'original', 'original_encoding', 'original_bytes', 'cut_values'];
  const known = beside.filter((name) => all.some((column) => column.name === name));
  const columns = comparedColumns(all, [order, 'accepted', ...cells, ...known, ...frozen]);
  const key = cleanColumns.findIndex(({ name }) => name === keyField);
  return {
    columns,
    piecesOf(image) {
      const { accepted, expected } = image;
      const rest = restOf(image);
      const clean = accepted
        ? (JSON.parse(expected) as CleanValue[])
        : cells.map((_, index) => (index === key ? rest.key : null));
      const of: Readonly<Record<string, Piece>> = {
        [order]: String(image.rank),
        accepted: accepted ? '1' : '0',
        reasons: accepted ? null : expected,
        original: rest.original,
        original_encoding: rest.encoding,
        original_bytes: rest.bytes,
        cut_values: rest.cutValues,
        book_day: image.day,
      };
      return columns.map((column, index) => {
        const cell = index - FIRST_CELL;
        if (cell >= 0 && cell < cells.length) return pieceOf(column, clean[cell] ?? null);
        const piece = of[column.name] ?? null;
        // The original comes as its hash already.
        return column.name === 'original' ? piece : pieceOf(column, piece);
      });
    },
  };
}

/** Behind order and verdict. */
const FIRST_CELL = 2;

function lakeName({ name, type }: LogColumn): string {
  if (type === 'timestamp') return `${name}_ms`;
  return type === 'hundredths' ? `${name}_hundredths` : name;
}
