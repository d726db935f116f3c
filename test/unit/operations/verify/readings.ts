import { imageId, keyHash } from '../../../../schemas/image-identity.ts';
import type { RawImage } from '../../../../schemas/datasets/dataset.ts';
import { supportTickets } from '../../../../schemas/datasets/support-tickets/index.ts';
import type { LaterChanges, UnreadableImages } from '../../../../operations/verify/comparison.ts';
import type {
  QuarantineRow,
  ShownRow,
  StateRow,
} from '../../../../operations/verify/image-checks.ts';
import { checksumOf, pieceOf, type Piece } from '../../../../operations/verify/judged-columns.ts';
import { judgedImage } from '../../../../operations/verify/judged-row.ts';
import { imageRows } from '../../../../stream-processors/tables/image-rows.ts';

/** A ticket row of the source; every field can be another. */
export function ticket(fields: Partial<Record<string, string | null>> = {}): RawImage {
  return {
    ticket_id: 'T1',
    created_at: '2025-07-01 10:00:00',
    resolved_at: null,
    agent: 'Ann',
    priority: 'Hgh',
    num_interactions: '3',
    issue_category: 'Billing',
    channel: 'Chat',
    status: 'Open',
    ...fields,
  };
}

/** What the rules make of {@link ticket} without changes, in the order of the clean columns. */
export const cleanTicket = [
  'T1',
  Date.UTC(2025, 6, 1, 10),
  null,
  'Ann',
  'High',
  3,
  'Billing',
  'Chat',
  'Open',
];

export function idOf(raw: RawImage): string {
  return imageId(supportTickets.mapping.map(({ field }) => raw[field] ?? null));
}

export function keyOf(raw: RawImage): string {
  return keyHash(raw['ticket_id'] ?? null, idOf(raw));
}

/** A warehouse part that can be spoiled. */
export interface Part {
  state: StateRow[];
  shown: ShownRow[];
  quarantine: QuarantineRow[];
  details: (imageIds: readonly string[]) => Promise<Map<string, readonly Piece[]>>;
}

export const judged = judgedImage(supportTickets);

/** The pieces of the row that the processor makes of an image. */
export function piecesOf(raw: RawImage): Piece[] {
  const numbers = {
    source: 's',
    epoch: 1,
    seq: 1,
    images: 1,
    op: 'c',
    transactionEnd: true,
  } as const;
  const evidence = { partition: 0, offset: 0, gtid: null, committedMs: 0, readAtMs: 0 };
  const [row = {}] = imageRows(supportTickets, numbers, { before: null, after: raw }, evidence);
  return judged.columns.map((column) => pieceOf(column, row[column.name] ?? null));
}

export function stateOf(raw: RawImage, copies = 1): StateRow {
  return {
    imageId: idOf(raw),
    keyHash: keyOf(raw),
    copies,
    rulesVersion: supportTickets.rulesVersion,
    isLatest: true,
    checksum: checksumOf(judged.columns, piecesOf(raw)),
    event: 's:1:1',
  };
}

export const noDetails = async () => new Map<string, readonly Piece[]>();

export const nothingLater: LaterChanges = { copies: new Map(), keys: new Set(), barrier: false };

export const allReadable: UnreadableImages = { keys: new Set(), keyless: false };
