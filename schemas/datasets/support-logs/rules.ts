import type { quarantineReasons } from '../../quarantine-reasons.ts';
import type { CleanValue, Verdict } from '../dataset.ts';
import { parseCount, parseUtcDateTime } from '../strict-values.ts';
import { parseLogFields, withoutFrame, type LogFields } from './fields.ts';

/** Raise with every change below: the highest version's verdict wins in the warehouse. */
export const rulesVersion = 1;

type Reading = { readonly value: CleanValue } | { readonly reason: keyof typeof quarantineReasons };

/** A field of the text; undefined where it is missing, null where it says `None`. */
type Found = string | null | undefined;

/** Levels and the misspellings that are mended. A level that is neither is quarantined. */
const levels = new Map([
  ['DEBUG', 'DEBUG'],
  ['DEBG', 'DEBUG'],
  ['INFO', 'INFO'],
  ['INF0', 'INFO'],
  ['WARNING', 'WARNING'],
  ['warnING', 'WARNING'],
  ['ERROR', 'ERROR'],
  ['EROR', 'ERROR'],
]);

const booleans = new Map([
  ['true', 1],
  ['false', 0],
]);

function level(found: Found): Reading {
  const value = levels.get(found ?? '');
  return value === undefined ? { reason: 'unknown-value' } : { value };
}

function instant(found: Found): Reading {
  const value = parseUtcDateTime(found ?? '');
  return value === undefined ? { reason: 'impossible-date' } : { value };
}

/** Any text that is not blank: the business may add new ones at any time. */
function label(found: Found): Reading {
  return found == null || found.trim() === '' ? { reason: 'missing' } : { value: found };
}

/** Any text, or none; but the field must be there, or the entry is not whole. */
function optionalText(found: Found): Reading {
  return found === undefined ? { reason: 'missing' } : { value: found };
}

/** `1269ms`. */
function duration(found: Found): Reading {
  if (found == null) return optionalText(found);
  const digits = /^(-?)([0-9]+)ms$/.exec(found);
  if (digits?.[1] === '-') return { reason: 'negative' };
  const value = parseCount(digits?.[2] ?? '');
  return value === undefined ? { reason: 'not-a-duration' } : { value };
}

/** `27.64%`, in hundredths. More than 100 % is possible where there are several processors. */
function percentage(found: Found): Reading {
  if (found == null) return optionalText(found);
  const digits = /^(-?)([0-9]{1,3})(?:\.([0-9]{1,2}))?%$/.exec(found);
  if (!digits) return { reason: 'not-a-percentage' };
  const [, sign, whole = '', decimals = ''] = digits;
  if (sign === '-') return { reason: 'negative' };
  return { value: Number(whole) * 100 + Number(decimals.padEnd(2, '0')) };
}

function boolean(found: Found): Reading {
  if (found == null) return { reason: 'missing' };
  const value = booleans.get(found);
  return value === undefined ? { reason: 'not-a-boolean' } : { value };
}

type Rule = {
  readonly column: string;
  readonly from: (fields: LogFields) => Found;
  /** Name in the text, where the column is one of the named fields. */
  readonly field?: string;
  readonly read: (found: Found) => Reading;
};

const named = (column: string, field: string, read: Rule['read']): Rule => ({
  ...{ column, field, read },
  from: ({ values }) => values.get(field),
});

/** In the order of the clean columns. Fields that have no rule here are left alone. */
const rules: readonly Rule[] = [
  { column: 'logged_at', from: ({ time }) => time, read: instant },
  { column: 'log_level', from: (fields) => fields.level, read: level },
  { column: 'component', from: ({ component }) => component, read: label },
  named('ticket_id', 'TicketID', optionalText),
  named('session_id', 'SessionID', optionalText),
  named('ip', 'IP', optionalText),
  named('response_time_ms', 'ResponseTime', duration),
  named('cpu_percent', 'CPU', percentage),
  named('event_type', 'EventType', label),
  named('is_error', 'Error', boolean),
  named('user_agent', 'UserAgent', optionalText),
  named('message', 'Message', optionalText),
  named('debug', 'Debug', optionalText),
  named('trace_id', 'TraceID', optionalText),
];

/**
 * Judges one log entry. All reasons are given, each as `column:reason` (see
 * `quarantine-reasons.ts`); a text that does not follow the grammar has the one `entry:unparsable`.
 */
export function judge(entry: string): Verdict {
  const fields = parseLogFields(entry);
  if (!fields) return { accepted: false, reasons: ['entry:unparsable'] };
  const clean: Record<string, CleanValue> = {};
  const reasons: string[] = [];
  for (const { column, from, field, read } of rules) {
    const reading: Reading =
      field !== undefined && fields.repeated.includes(field)
        ? { reason: 'repeated-field' }
        : read(from(fields));
    if ('reason' in reading) reasons.push(`${column}:${reading.reason}`);
    else clean[column] = reading.value;
  }
  return reasons.length > 0 ? { accepted: false, reasons } : { accepted: true, clean };
}

/** The first thing that looks like a ticket, for whoever looks through the quarantine. */
export function keyOf(entry: string): string | null {
  return /(?:^|[\s|])TicketID="?([^\s|"]+)/.exec(entry)?.[1] ?? null;
}

/** Time at the beginning of the entry in epoch ms, 0 if there is none. Frozen. */
export function sortMs(entry: string): number {
  const time = /^\S+ \S+/.exec(withoutFrame(entry))?.[0];
  return time === undefined ? 0 : (parseUtcDateTime(time) ?? 0);
}

/** First ten characters where they are a date, else `unknown`. Frozen. */
export function bookDay(entry: string): string {
  const day = withoutFrame(entry).slice(0, 10);
  return parseUtcDateTime(`${day} 00:00`) === undefined ? 'unknown' : day;
}
