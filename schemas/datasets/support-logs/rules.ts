import type { Found, QuarantineReason } from '../field-rules.ts';
import { compileRules, type LogRuleTable } from '../rule-table.ts';
import { parseUtcDateTime } from '../strict-values.ts';
import type { Verdict } from '../verdict.ts';
import { parseLogFields, withoutFrame, type LogFields } from './fields.ts';

/** Raise with every change of the table below: the highest version's verdict wins in the warehouse. */
export const rulesVersion = 1;

/**
 * The rules of a support log entry, in the order of the clean columns; `rule-examples.ts` shows each
 * at work, `docs/rules.md` tells them. Fields of the text that have no rule are left alone.
 */
export const rules = {
  grammar:
    '`DATE TIME [LEVEL] COMPONENT -`, then `NAME=VALUE` in any order between blanks, line ends or `|`; ' +
    'a value in `"` may hold all of these, and `\\"` and `\\\\`; `None` without `"` is no value',
  fields: [
    { field: 'logged_at', kind: 'time', text: 'time', head: true },
    {
      field: 'log_level',
      kind: 'word',
      words: ['DEBUG', 'INFO', 'WARNING', 'ERROR'],
      mended: { DEBG: 'DEBUG', INF0: 'INFO', warnING: 'WARNING', EROR: 'ERROR' },
      text: 'level',
      head: true,
    },
    { field: 'component', kind: 'label', text: 'component', head: true },
    { field: 'ticket_id', kind: 'text', text: 'TicketID' },
    { field: 'session_id', kind: 'text', text: 'SessionID' },
    { field: 'ip', kind: 'text', text: 'IP' },
    { field: 'response_time_ms', kind: 'duration', text: 'ResponseTime' },
    { field: 'cpu_percent', kind: 'percentage', text: 'CPU' },
    { field: 'event_type', kind: 'label', text: 'EventType' },
    { field: 'is_error', kind: 'boolean', text: 'Error' },
    { field: 'user_agent', kind: 'text', text: 'UserAgent' },
    { field: 'message', kind: 'text', text: 'Message' },
    { field: 'debug', kind: 'text', text: 'Debug' },
    { field: 'trace_id', kind: 'text', text: 'TraceID' },
  ],
  orders: [],
} as const satisfies LogRuleTable;

const judgeFields = compileRules(rules);

/**
 * Judges one log entry by the table; a pure function of both. A text that does not follow the
 * grammar has the one reason `entry:unparsable`.
 */
export function judge(entry: string): Verdict {
  const fields = parseLogFields(entry);
  if (!fields) return { accepted: false, reasons: ['entry:unparsable'] };
  const found: Record<string, Found> = {};
  for (const rule of rules.fields) found[rule.field] = textOf(rule, fields);
  return judgeFields(found, repeatedIn(fields));
}

function textOf(rule: (typeof rules.fields)[number], { head, values }: LogFields): Found {
  return 'head' in rule ? head[rule.text] : values.get(rule.text);
}

const columns = new Map<string, string>(
  rules.fields.flatMap((rule) => ('head' in rule ? [] : [[rule.text, rule.field]])),
);

/** Which value counts cannot be told. */
function repeatedIn({ repeated }: LogFields): ReadonlyMap<string, QuarantineReason> | undefined {
  if (repeated.length === 0) return undefined;
  return new Map(repeated.map((name) => [columns.get(name) ?? '', 'repeated-field']));
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
