import type { WarehouseRow } from '../../runtime/redshift/data-api.ts';
import { keyHash } from '../../schemas/image-identity.ts';
import type { DifferenceList } from './differences.ts';
import { differingPieces, piecesOfRow, type ComparedColumn, type Piece } from './judged-columns.ts';
import type { JudgedRow } from './judged-row.ts';
import type { SourceImage } from './source-reading.ts';

/** What the warehouse's tables say of each other, each list empty when they agree. */
export interface Evidence {
  /** Rows of the state that are not what their event gave. */
  readonly unlikeEvents: readonly WarehouseRow[];
  /** Rows of images that the history tells in several ways. */
  readonly imageRows: readonly WarehouseRow[];
  /** Rows of the history of no known make. */
  readonly oddRows: readonly WarehouseRow[];
  /** Rows that do not agree with the one before on their source transaction. */
  readonly brokenTransactions: readonly WarehouseRow[];
}

export interface EvidenceScope {
  readonly source: string;
  readonly epoch: number;
  readonly entity: string;
  /** Columns of the state that come from the event. */
  readonly eventColumns: readonly ComparedColumn[];
  readonly judged: JudgedRow;
  readonly rulesVersion: number;
  /** Rows of the source by image id. */
  readonly images: ReadonlyMap<string, SourceImage>;
}

/**
 * Checks what stands in several places of the warehouse against each other.
 *
 * @returns how many rows are wrong.
 */
export function checkEvidence(
  evidence: Evidence,
  scope: EvidenceScope,
  differences: DifferenceList,
): number {
  const before = differences.total;
  const state = `careplus.${scope.entity}_state`;
  const changes = `careplus.${scope.entity}_changes`;
  const event = (row: WarehouseRow, epoch = row['epoch']) =>
    `${scope.source}:${textOf(epoch)}:${textOf(row['seq'])}`;

  for (const row of evidence.unlikeEvents) {
    const pieces = (side: string) =>
      scope.eventColumns.map(({ name }) => pieceOf(row[`${side}_${name}`]));
    const differing = differingPieces(scope.eventColumns, pieces('h'), pieces('s'));
    const isThere = row['seq'] !== null;
    const [told, held] = isThere && differing ? differing : [null, textOf(row['image_id'])];
    // Where the source says that the state is right, it is the history that was changed.
    const isProved = told !== null && isAsSource(row, Object.keys(told), scope);
    differences.add({
      ...{ kind: 'changed-column', table: isProved ? changes : state },
      ...{ expected: isProved ? held : told, found: isProved ? told : held },
      key: pieceOf(row['key_text']) ?? `image ${textOf(row['image_id'])}`,
      event: `${scope.source}:${scope.epoch}:${textOf(row['event_seq'])}`,
    });
  }
  for (const { row, expected, found, others } of unlikeRows(evidence.imageRows, scope)) {
    differences.add({
      ...{ kind: 'changed-column', table: changes, expected, found },
      key: pieceOf(row['key_text']) ?? `image ${textOf(row['image_id'])}`,
      event: [row, ...others].map((each) => event(each)).join(' or '),
    });
  }
  for (const row of evidence.oddRows) {
    const { epoch, seq, ...found } = row;
    const key = `seq ${textOf(seq)}`;
    const rest = Object.fromEntries(Object.entries(found).map(([name, is]) => [name, textOf(is)]));
    differences.add({
      ...{ kind: 'odd-row', table: changes, key, expected: null, found: rest },
      event: event(row, epoch),
    });
  }
  for (const row of evidence.brokenTransactions) {
    const values = (prefix: string) => ({
      gtid: pieceOf(row[`${prefix}gtid`]),
      committed_ms: pieceOf(row[`${prefix}committed_ms`]),
    });
    differences.add({
      ...{ kind: 'broken-transaction', table: changes, key: `seq ${textOf(row['seq'])}` },
      ...{ expected: values('prior_'), found: values(''), event: event(row) },
    });
  }
  return differences.total - before;
}

/** Whether these columns of the state are what the rules make of the source's row. */
function isAsSource(row: WarehouseRow, names: readonly string[], scope: EvidenceScope): boolean {
  const image = scope.images.get(textOf(row['image_id']));
  if (!image || Number(row['s_rules_version']) !== scope.rulesVersion) return false;
  const wanted = scope.judged.piecesOf(image);
  return names.every((name) => {
    const at = scope.judged.columns.findIndex((column) => column.name === name);
    return at >= 0 && wanted[at] === pieceOf(row[`s_${name}`]);
  });
}

interface UnlikeRow {
  readonly row: WarehouseRow;
  readonly expected: Record<string, Piece>;
  readonly found: Record<string, Piece>;
  /** Rows that may be the wrong ones as well. */
  readonly others: readonly WarehouseRow[];
}

/** The rows that differ from what the source says of their image, else from most of its rows. */
function* unlikeRows(rows: readonly WarehouseRow[], scope: EvidenceScope): Generator<UnlikeRow> {
  const columns: readonly ComparedColumn[] = [
    { name: 'key_hash', form: 'narrow' },
    ...scope.judged.columns,
  ];
  /** Columns that no version of the rules changes. */
  const frozen = columns.filter(({ name }) => ['key_hash', 'rank', 'book_day'].includes(name));
  for (const [id, all] of Map.groupBy(rows, (row) => textOf(row['image_id']))) {
    const image = scope.images.get(id);
    for (const [version, alike] of Map.groupBy(all, (row) => Number(row['rules_version']))) {
      const isKnown = image !== undefined && version === scope.rulesVersion;
      const known = isKnown ? [keyHash(image.key, id), ...scope.judged.piecesOf(image)] : undefined;
      yield* unlike(alike, { columns, known });
    }
    const known = image && [keyHash(image.key, id), String(image.rank), image.day];
    const isSplit = new Set(all.map((row) => Number(row['rules_version']))).size > 1;
    if (isSplit) yield* unlike(all, { columns: frozen, known });
  }
}

function* unlike(
  rows: readonly WarehouseRow[],
  { columns, known }: { columns: readonly ComparedColumn[]; known: readonly Piece[] | undefined },
): Generator<UnlikeRow> {
  const all = rows.map((row) => ({ row, pieces: piecesOfRow(columns, row) }));
  const groups = [...Map.groupBy(all, ({ pieces }) => JSON.stringify(pieces)).values()];
  const [most, second] = groups.toSorted((a, b) => b.length - a.length);
  const expected = known ?? most?.[0]?.pieces ?? [];
  // Of as many each, either may be right.
  const isOpen = known === undefined && most?.length === second?.length;
  for (const { row, pieces } of all) {
    const differing = differingPieces(columns, expected, pieces);
    const others = isOpen ? (most ?? []).map((each) => each.row) : [];
    if (differing) yield { row, expected: differing[0], found: differing[1], others };
  }
}

function pieceOf(value: WarehouseRow[string] | undefined): Piece {
  return value === null || value === undefined ? null : String(value);
}

function textOf(value: WarehouseRow[string] | undefined): string {
  return pieceOf(value) ?? '';
}
