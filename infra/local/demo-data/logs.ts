/**
 * A month of made-up server logs in CarePlus' shape and with its defects, and the books that they
 * must give. Pure: the same options give the same bytes.
 *
 *   const { files, books } = generateLogs({ seed: 1, tickets: generateTickets(…).rows });
 *
 * The books are counted from how each entry was made, not by the pipeline's rules: that is what
 * makes them a check of the rules.
 */
import { between, pickWeighted, seededRandom, type Random } from './random.ts';
import type { TicketRow } from './tickets.ts';

/** One log file of one day. Its last entry has no line end behind it, as at CarePlus. */
interface LogFile {
  /** `support_logs_YYYY-MM-DD.log`. */
  readonly name: string;
  readonly text: string;
}

/** `read` is the sum of the others. */
export interface LogBooks {
  readonly read: number;
  /** Distinct entries without a defect that cannot be mended. */
  readonly shown: number;
  /** Further copies of those. */
  readonly repeats: number;
  readonly quarantined: number;
  readonly quarantinedRepeats: number;
}

export interface GeneratedLogs {
  readonly files: readonly LogFile[];
  readonly books: LogBooks;
  /** The same by the day of the entry, `YYYY-MM-DD`. */
  readonly booksByDay: Readonly<Record<string, LogBooks>>;
  /** How many of the shown entries have each level, in its right spelling. */
  readonly shownByLevel: Readonly<Record<LogLevel, number>>;
}

export interface LogMonthOptions {
  readonly seed: number;
  /** Tickets whose life the logs tell; repeated rows count once. */
  readonly tickets: readonly Pick<TicketRow, 'ticket_id' | 'created_at'>[];
}

type LogLevel = 'INFO' | 'DEBUG' | 'WARNING' | 'ERROR';

/** One entry as a server writes it, and how it was made. */
interface MadeEntry {
  /** Lines of the entry, its closing line `---` included, without a line end. */
  readonly text: string;
  readonly level: LogLevel;
  /** Carries a negative response time, which no rule can mend. */
  readonly defective: boolean;
}

const MINUTE_MS = 60_000;

/** How a level stands in the file → what it means. Four are misspelt. */
const spellings = {
  INFO: 'INFO',
  INF0: 'INFO',
  DEBUG: 'DEBUG',
  DEBG: 'DEBUG',
  WARNING: 'WARNING',
  warnING: 'WARNING',
  ERROR: 'ERROR',
  EROR: 'ERROR',
} as const satisfies Record<string, LogLevel>;

const shares = {
  level: {
    ...{ INFO: 370, INF0: 116, DEBUG: 306, DEBG: 100 },
    ...{ WARNING: 66, warnING: 25, ERROR: 14, EROR: 4 },
  } satisfies Record<keyof typeof spellings, number>,
  userAgent: {
    'Mozilla/5.0 (Windows NT 10.0)': 21,
    'Mobile-Safari/537.36': 20,
    'curl/7.68.0': 20,
    'Python-urllib/3.9': 20,
    'PostmanRuntime/7.32.2': 19,
  },
  entriesOfATicket: { 1: 10, 2: 25, 3: 30, 4: 25, 5: 10 },
} as const;

const NEGATIVE_TIME_SHARE = 0.073;
const REPEAT_SHARE = 0.086;
/** A repeat stands up to so many entries below its original. */
const REPEAT_DISTANCE = 6;

/** @returns one file a day, and what their entries must come to. */
export function generateLogs({ seed, tickets }: LogMonthOptions): GeneratedLogs {
  const random = seededRandom(seed);
  const byDay = new Map<string, { readonly ms: number; readonly entry: MadeEntry }[]>();
  const made = new Set<string>();
  for (const [id, created] of new Map(tickets.map((row) => [row.ticket_id, row.created_at]))) {
    const count = Number(pickWeighted(random, shares.entriesOfATicket));
    const createdMs = Date.parse(`${created.replace(' ', 'T')}Z`);
    for (let index = 0; index < count; index += 1) {
      const ms = createdMs + between(random, 0, 12 * 60) * MINUTE_MS;
      const entry = makeLogEntry(random, { ticketId: id, ms });
      // Two that come out alike by chance would be a repeat that nobody counted.
      if (made.has(entry.text)) continue;
      made.add(entry.text);
      const day = logDay(ms);
      byDay.set(day, [...(byDay.get(day) ?? []), { ms, entry }]);
    }
  }
  const tally = new Tally();
  const files: LogFile[] = [];
  for (const day of [...byDay.keys()].sort()) {
    const entries = (byDay.get(day) ?? []).sort((a, b) => a.ms - b.ms).map(({ entry }) => entry);
    const written = withRepeats(random, entries, (entry, copies) => tally.add(day, entry, copies));
    files.push({ name: logFileName(day), text: written.map(({ text }) => text).join('\n') });
  }
  return { files, ...tally.result() };
}

/** Writes some entries twice, word for word, the second one now and then further below. */
function withRepeats(
  random: Random,
  entries: readonly MadeEntry[],
  count: (entry: MadeEntry, copies: number) => void,
): MadeEntry[] {
  const written = [...entries];
  for (const entry of entries) {
    const repeated = random() < REPEAT_SHARE;
    if (repeated) {
      written.splice(written.indexOf(entry) + between(random, 1, REPEAT_DISTANCE), 0, entry);
    }
    count(entry, repeated ? 2 : 1);
  }
  return written;
}

/** @returns an entry of a ticket at a time (epoch ms): one in fourteen with a defect that stays. */
export function makeLogEntry(
  random: Random,
  { ticketId, ms }: { readonly ticketId: string; readonly ms: number },
): MadeEntry {
  const written = pickWeighted(random, shares.level);
  const level = spellings[written];
  const defective = random() < NEGATIVE_TIME_SHARE;
  const responseMs = between(random, 1, 2_000) * (defective ? -1 : 1);
  const cpu = (between(random, 1_000, 8_999) / 100).toFixed(2);
  const ip = Array.from({ length: 4 }, () => between(random, 1, 254)).join('.');
  const time = new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
  const lines = [
    `${time} [${written}] careplus.support.GenericService - TicketID=${ticketId} SessionID=sess_${ticketId}`,
    `IP=${ip} | ResponseTime=${responseMs}ms | CPU=${cpu}% | EventType=generic_event | Error=${level === 'ERROR'}`,
    `UserAgent="${pickWeighted(random, shares.userAgent)}"`,
    `Message=" event for ${ticketId}"`,
    'Debug="ℹ️ Logged for monitoring"',
    'TraceID=None',
    '---',
  ];
  return { text: lines.join('\n'), level, defective };
}

/** @returns the day (UTC) of an epoch time, `YYYY-MM-DD`. */
export function logDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** @param suffix of a file that was rotated away, such as `.1`. */
export function logFileName(day: string, suffix = ''): string {
  return `support_logs_${day}${suffix}.log`;
}

const emptyBooks: LogBooks = {
  read: 0,
  shown: 0,
  repeats: 0,
  quarantined: 0,
  quarantinedRepeats: 0,
};

/** Counts entries while they are made. */
class Tally {
  readonly #byDay = new Map<string, LogBooks>();
  readonly #byLevel = { INFO: 0, DEBUG: 0, WARNING: 0, ERROR: 0 };
  #total = emptyBooks;

  add(day: string, { level, defective }: MadeEntry, copies: number): void {
    const entry: LogBooks = {
      read: copies,
      shown: defective ? 0 : 1,
      repeats: defective ? 0 : copies - 1,
      quarantined: defective ? 1 : 0,
      quarantinedRepeats: defective ? copies - 1 : 0,
    };
    this.#total = sum(this.#total, entry);
    this.#byDay.set(day, sum(this.#byDay.get(day) ?? emptyBooks, entry));
    if (!defective) this.#byLevel[level] += 1;
  }

  result(): Omit<GeneratedLogs, 'files'> {
    return {
      books: this.#total,
      booksByDay: Object.fromEntries(this.#byDay),
      shownByLevel: this.#byLevel,
    };
  }
}

function sum(a: LogBooks, b: LogBooks): LogBooks {
  return {
    read: a.read + b.read,
    shown: a.shown + b.shown,
    repeats: a.repeats + b.repeats,
    quarantined: a.quarantined + b.quarantined,
    quarantinedRepeats: a.quarantinedRepeats + b.quarantinedRepeats,
  };
}
