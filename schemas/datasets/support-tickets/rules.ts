import type { CleanValue, RawImage, Verdict } from '../dataset.ts';
import { parseCount, parseUtcDateTime } from '../strict-values.ts';

/** Raise with every change below: the highest version's verdict wins in the warehouse. */
export const rulesVersion = 1;

/** Known values and the misspellings that are mended. A value that is neither is quarantined. */
const vocabularies: Record<'priority' | 'status', Record<string, string>> = {
  priority: {
    Low: 'Low',
    Lw: 'Low',
    Medium: 'Medium',
    Medum: 'Medium',
    High: 'High',
    Hgh: 'High',
  },
  status: { Open: 'Open', Resolved: 'Resolved', Escalated: 'Escalated' },
};

type Reading = { readonly value: CleanValue } | { readonly reason: string };

/** A label such as an agent's name: the business may add new ones at any time, so any text counts. */
function label(text: string | null): Reading {
  return text === null || text.trim() === '' ? { reason: 'missing' } : { value: text };
}

function known(field: keyof typeof vocabularies) {
  return (text: string | null): Reading => {
    if (text === null || text.trim() === '') return { reason: 'missing' };
    const vocabulary = vocabularies[field];
    return Object.hasOwn(vocabulary, text)
      ? { value: vocabulary[text] as string }
      : { reason: 'unknown-value' };
  };
}

function instant(text: string | null): Reading {
  if (text === null || text === '') return { reason: 'missing' };
  const ms = parseUtcDateTime(text);
  return ms === undefined ? { reason: 'impossible-date' } : { value: ms };
}

/** NULL says that the ticket is open. */
function optionalInstant(text: string | null): Reading {
  return text === null ? { value: null } : instant(text);
}

function count(text: string | null): Reading {
  if (text === null || text === '') return { reason: 'missing' };
  const value = parseCount(text);
  if (value !== undefined) return { value };
  return { reason: /^-[0-9]+$/.test(text) ? 'negative-count' : 'not-a-count' };
}

const rules: Readonly<Record<string, (text: string | null) => Reading>> = {
  ticket_id: label,
  created_at: instant,
  resolved_at: optionalInstant,
  agent: label,
  priority: known('priority'),
  num_interactions: count,
  issue_category: label,
  channel: label,
  status: known('status'),
};

/**
 * Judges one ticket image: every field by its own rule, then the fields against each other.
 * All reasons are given, each as `field:reason` (see `quarantine-reasons.ts`).
 */
export function judge(raw: RawImage): Verdict {
  const clean: Record<string, CleanValue> = {};
  const reasons: string[] = [];
  for (const [field, rule] of Object.entries(rules)) {
    const reading = rule(raw[field] ?? null);
    if ('reason' in reading) reasons.push(`${field}:${reading.reason}`);
    else clean[field] = reading.value;
  }
  const { created_at: created, resolved_at: resolved } = clean;
  if (typeof created === 'number' && typeof resolved === 'number' && resolved < created) {
    reasons.push('resolved_at:before-created');
  }
  return reasons.length > 0 ? { accepted: false, reasons } : { accepted: true, clean };
}

/** Last activity in epoch ms, 0 if the texts hold no time. Frozen: it must not move with the rules. */
export function rank(raw: RawImage): number {
  const times = [raw['created_at'], raw['resolved_at']].map((text) =>
    text == null ? 0 : (parseUtcDateTime(text) ?? 0),
  );
  return Math.max(0, ...times);
}

/** First ten characters of `created_at` where they are a date, else `unknown`. Frozen. */
export function bookDay(raw: RawImage): string {
  const day = raw['created_at']?.slice(0, 10) ?? '';
  return parseUtcDateTime(`${day} 00:00`) === undefined ? 'unknown' : day;
}
