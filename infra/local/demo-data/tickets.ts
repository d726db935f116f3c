/**
 * A month of made-up support tickets in CarePlus' shape and with its defects, and the books that
 * they must give. Pure: the same options give the same rows.
 *
 *   const { rows, books } = generateTickets({ seed: 1, firstDay: '2025-07-01', days: 31 });
 *
 * The books are counted from how each row was made, not by the pipeline's rules: that is what makes
 * them a check of the rules.
 */
import { between, pickWeighted, seededRandom, type Random } from './random.ts';

/** One row of the source table: every column is TEXT, in this order. */
export interface TicketRow {
  readonly ticket_id: string;
  readonly created_at: string;
  readonly resolved_at: string | null;
  readonly agent: string;
  readonly priority: string;
  readonly num_interactions: string;
  readonly IssUeCat: string;
  readonly channel: string;
  readonly status: 'Open' | 'Resolved' | 'Escalated';
  readonly agent_feedback: string;
}

/** `read` is the sum of the others. */
export interface TicketBooks {
  readonly read: number;
  /** Distinct rows without a defect that cannot be mended. */
  readonly shown: number;
  /** Further copies of those. */
  readonly repeats: number;
  readonly quarantined: number;
  readonly quarantinedRepeats: number;
}

export interface GeneratedTickets {
  readonly rows: readonly TicketRow[];
  readonly books: TicketBooks;
  /** The same by the day of creation, `YYYY-MM-DD`. */
  readonly booksByDay: Readonly<Record<string, TicketBooks>>;
  /** How many of the shown ones have each status. */
  readonly shownByStatus: Readonly<Record<TicketRow['status'], number>>;
  readonly shownByAgent: Readonly<Record<string, number>>;
}

export interface TicketMonthOptions {
  readonly seed: number;
  /** `YYYY-MM-DD`. */
  readonly firstDay: string;
  /** Default 31. */
  readonly days?: number;
}

/** What stands for an unknown count at CarePlus; no rule can mend it. */
export const UNKNOWN_COUNT = '-999999';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const shares = {
  agent: { Rohit: 22, Kavya: 21, Arjun: 20, Sneha: 19, Ananya: 18 },
  priority: { Medium: 38, Medum: 11, Low: 20, Lw: 9, High: 18, Hgh: 4 },
  category: {
    'Payment Failure': 23,
    'Account Locked': 21,
    'Feature Request': 20,
    'Login Issue': 18,
    'Bug Report': 18,
  },
  channel: { Email: 28, 'Web Form': 25, Chat: 25, Phone: 22 },
  outcome: { Resolved: 82, Open: 14, Escalated: 4 },
} as const;

const REPEAT_SHARE = 0.085;
const UNKNOWN_COUNT_SHARE = 0.19;

/** @returns the rows in the order of their creation, and what they must come to. */
export function generateTickets(options: TicketMonthOptions): GeneratedTickets {
  const random = seededRandom(options.seed);
  const firstDay = Date.parse(`${options.firstDay}T00:00:00Z`);
  const days = options.days ?? 31;
  const end = firstDay + days * DAY_MS;
  const tally = new Tally();
  for (let day = firstDay; day < end; day += DAY_MS) {
    const moments = Array.from({ length: between(random, 20, 30) }, () => between(random, 0, 1439));
    for (const [index, minute] of moments.sort((a, b) => a - b).entries()) {
      const created = day + minute * MINUTE_MS;
      const resolved = created + between(random, 40, 36 * 60) * MINUTE_MS;
      const drawn = pickWeighted(random, shares.outcome);
      // What would be resolved after the end is still open then.
      const outcome = resolved < end ? drawn : 'Open';
      const row = makeTicket(random, {
        ticket_id: ticketId(day, index),
        created_at: ticketTime(created),
        resolved_at: outcome === 'Open' ? null : ticketTime(resolved),
        status: outcome,
      });
      tally.add(row, random() < REPEAT_SHARE ? 2 : 1);
    }
  }
  return tally.result();
}

/** @returns a ticket whose remaining columns are drawn: one in five with a defect that stays. */
export function makeTicket(
  random: Random,
  known: Pick<TicketRow, 'ticket_id' | 'created_at' | 'resolved_at' | 'status'>,
): TicketRow {
  return {
    ...known,
    agent: pickWeighted(random, shares.agent),
    priority: drawPriority(random),
    num_interactions: random() < UNKNOWN_COUNT_SHARE ? UNKNOWN_COUNT : `${between(random, 1, 8)}`,
    IssUeCat: pickWeighted(random, shares.category),
    channel: pickWeighted(random, shares.channel),
    agent_feedback: '',
  };
}

/** A priority, now and then misspelt as people at CarePlus do. */
export function drawPriority(random: Random): string {
  return pickWeighted(random, shares.priority);
}

/** @returns `TCK`, month and day, and the number in that day: `TCK0701000`. */
export function ticketId(dayMs: number, index: number): string {
  const day = new Date(dayMs).toISOString();
  return `TCK${day.slice(5, 7)}${day.slice(8, 10)}${`${index}`.padStart(3, '0')}`;
}

/** @returns `YYYY-MM-DD HH:MM` in UTC, as the source writes times. */
export function ticketTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}

/** Counts rows while they are made. */
class Tally {
  readonly #rows: TicketRow[] = [];
  readonly #byDay = new Map<string, TicketBooks>();
  readonly #byAgent = new Map<string, number>();
  readonly #byStatus = { Open: 0, Resolved: 0, Escalated: 0 };
  #total = emptyBooks;

  add(row: TicketRow, copies: number): void {
    for (let copy = 0; copy < copies; copy++) this.#rows.push(row);
    const defective = row.num_interactions === UNKNOWN_COUNT;
    const entry: TicketBooks = {
      read: copies,
      shown: defective ? 0 : 1,
      repeats: defective ? 0 : copies - 1,
      quarantined: defective ? 1 : 0,
      quarantinedRepeats: defective ? copies - 1 : 0,
    };
    const day = row.created_at.slice(0, 10);
    this.#total = sum(this.#total, entry);
    this.#byDay.set(day, sum(this.#byDay.get(day) ?? emptyBooks, entry));
    if (defective) return;
    this.#byStatus[row.status] += 1;
    this.#byAgent.set(row.agent, (this.#byAgent.get(row.agent) ?? 0) + 1);
  }

  result(): GeneratedTickets {
    return {
      rows: this.#rows,
      books: this.#total,
      booksByDay: Object.fromEntries(this.#byDay),
      shownByStatus: this.#byStatus,
      shownByAgent: Object.fromEntries(this.#byAgent),
    };
  }
}

const emptyBooks: TicketBooks = {
  read: 0,
  shown: 0,
  repeats: 0,
  quarantined: 0,
  quarantinedRepeats: 0,
};

function sum(a: TicketBooks, b: TicketBooks): TicketBooks {
  return {
    read: a.read + b.read,
    shown: a.shown + b.shown,
    repeats: a.repeats + b.repeats,
    quarantined: a.quarantined + b.quarantined,
    quarantinedRepeats: a.quarantinedRepeats + b.quarantinedRepeats,
  };
}
