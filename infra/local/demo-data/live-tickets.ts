/**
 * What happens at a support centre while one watches: an endless sequence of changes to the ticket
 * table, as SQL. Pure; `ticket-table.ts` reads where to begin and runs the statements.
 *
 *   for (const change of liveTicketChanges({ random, now: Date.now, begin })) …
 *
 * Tickets come in, gather interactions, change priority, are escalated, resolved, sometimes deleted.
 * Now and then a defect comes with them: a misspelt priority, an unknown count (some are corrected
 * later and leave quarantine), a whole row twice.
 */
import { between, pickWeighted, type Random } from './random.ts';
import { drawPriority, makeTicket, ticketId, ticketTime, UNKNOWN_COUNT } from './tickets.ts';
import type { TicketRow } from './tickets.ts';
import { insertSql, rowValues, type LiveBeginning } from './ticket-table.ts';

type TicketChangeKind =
  'new' | 'interaction' | 'reprioritise' | 'correct' | 'resolve' | 'escalate' | 'delete' | 'repeat';

export interface TicketChange {
  readonly kind: TicketChangeKind;
  readonly ticketId: string;
  /** One statement, with `?` for the values. */
  readonly sql: string;
  readonly values: readonly (string | null)[];
}

export interface LiveOptions {
  readonly random: Random;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly begin: LiveBeginning;
}

const weights: Readonly<Record<TicketChangeKind, number>> = {
  new: 30,
  interaction: 18,
  reprioritise: 12,
  correct: 6,
  resolve: 22,
  escalate: 5,
  delete: 4,
  repeat: 3,
};

/** Bounds of the open tickets at hand, so that a demo of any length stays plausible. */
const FEWEST = 15;
const MOST = 150;

/** An endless sequence: take from it at the pace of the demo. */
export function* liveTicketChanges(options: LiveOptions): Generator<TicketChange, never> {
  const { random, now, begin } = options;
  const open = begin.tickets.slice(-MOST);
  const usedIds = new Map(Object.entries(begin.usedIds));

  const nextTicket = (): TicketRow => {
    const created = now();
    const day = ticketId(created, 0).slice(3, 7);
    const index = usedIds.get(day) ?? 0;
    usedIds.set(day, index + 1);
    return makeTicket(random, {
      ticket_id: ticketId(created, index),
      created_at: ticketTime(created),
      resolved_at: null,
      status: 'Open',
    });
  };

  for (;;) {
    const index = between(random, 0, open.length - 1);
    const ticket = open[index];
    const kind = ticket === undefined ? 'new' : nextKind(random, open.length);
    if (ticket === undefined || kind === 'new') {
      const added = nextTicket();
      open.push(added);
      yield insertion('new', added);
      continue;
    }
    if (kind === 'repeat') {
      yield insertion('repeat', ticket);
      continue;
    }
    if (kind === 'delete') {
      open.splice(index, 1);
      const sql = 'DELETE FROM support_tickets WHERE ticket_id = ?';
      yield { kind, ticketId: ticket.ticket_id, sql, values: [ticket.ticket_id] };
      continue;
    }
    const changed = changedColumns(kind, ticket, random, now());
    if (changed === undefined) continue;
    const after = { ...ticket, ...changed };
    const settled = after.status !== 'Open' && after.num_interactions !== UNKNOWN_COUNT;
    if (settled) open.splice(index, 1);
    else open[index] = after;
    yield update(kind, ticket.ticket_id, changed);
  }
}

function nextKind(random: Random, open: number): TicketChangeKind {
  const drawn = pickWeighted(random, weights);
  if (open < FEWEST && (drawn === 'resolve' || drawn === 'delete')) return 'new';
  if (open >= MOST && drawn === 'new') return 'resolve';
  return drawn;
}

type Updating = Exclude<TicketChangeKind, 'new' | 'repeat' | 'delete'>;

/** @returns the columns that the change sets, or undefined if it does not fit this ticket. */
function changedColumns(
  kind: Updating,
  ticket: TicketRow,
  random: Random,
  nowMs: number,
): Partial<TicketRow> | undefined {
  const unknown = ticket.num_interactions === UNKNOWN_COUNT;
  if (kind === 'correct') {
    return unknown ? { num_interactions: `${between(random, 1, 8)}` } : undefined;
  }
  // Only the correction of its count is left for a ticket that is closed.
  if (ticket.status !== 'Open') return undefined;
  switch (kind) {
    case 'interaction':
      return unknown ? undefined : { num_interactions: `${Number(ticket.num_interactions) + 1}` };
    case 'reprioritise': {
      const priority = drawPriority(random);
      return priority === ticket.priority ? undefined : { priority };
    }
    case 'resolve':
      return { status: 'Resolved', resolved_at: ticketTime(nowMs) };
    case 'escalate':
      return { status: 'Escalated', resolved_at: ticketTime(nowMs) };
  }
}

function insertion(kind: 'new' | 'repeat', row: TicketRow): TicketChange {
  return { kind, ticketId: row.ticket_id, sql: insertSql(1), values: rowValues(row) };
}

function update(kind: Updating, id: string, changed: Partial<TicketRow>): TicketChange {
  const assignments = Object.keys(changed).map((column) => `${column} = ?`);
  return {
    kind,
    ticketId: id,
    sql: `UPDATE support_tickets SET ${assignments.join(', ')} WHERE ticket_id = ?`,
    values: [...Object.values(changed), id],
  };
}
