import { imageId, keyHash } from '../../../../schemas/image-identity.ts';
import type { RawImage } from '../../../../schemas/datasets/dataset.ts';
import { supportTickets } from '../../../../schemas/datasets/support-tickets/index.ts';
import type {
  LaterChanges,
  QuarantineRow,
  ShownRow,
  StateRow,
  UnreadableImages,
} from '../../../../operations/verify/comparison.ts';

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
}

export function stateOf(raw: RawImage, copies = 1): StateRow {
  return {
    imageId: idOf(raw),
    keyHash: keyOf(raw),
    copies,
    rulesVersion: supportTickets.rulesVersion,
  };
}

export const nothingLater: LaterChanges = { copies: new Map(), keys: new Set(), barrier: false };

export const allReadable: UnreadableImages = { keys: new Set(), keyless: false };
