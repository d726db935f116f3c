import type { quarantineReasons } from '../quarantine-reasons.ts';
import type { CleanValue, RawImage, Verdict } from './verdict.ts';
import { parseCount, parseUtcDateTime } from './strict-values.ts';

export type QuarantineReason = keyof typeof quarantineReasons;

/** What becomes of one field. The rules of a dataset are a table of these: data, not code. */
export type FieldRule =
  /** A name that the business gives at will: any text that is not blank, as it is. */
  | { readonly field: string; readonly kind: 'label' }
  /** A closed list of words, and the misspellings that are mended to one of them. */
  | {
      readonly field: string;
      readonly kind: 'word';
      readonly words: readonly string[];
      readonly mended: Readonly<Record<string, string>>;
    }
  /** A date and time in UTC, kept in epoch milliseconds. `whenNull` says what NULL means where it may stand. */
  | { readonly field: string; readonly kind: 'time'; readonly whenNull?: string }
  /** A whole number from 0 up. */
  | { readonly field: string; readonly kind: 'count' };

/** Two times of a row of which one may not lie before the other. Judged where both could be read. */
export interface OrderRule {
  readonly earlier: string;
  /** The field that is named in the reason. */
  readonly later: string;
  readonly reason: QuarantineReason;
}

/** The rules of one dataset: every field by its own, then the fields against each other. */
export interface RuleTable {
  readonly fields: readonly FieldRule[];
  readonly orders: readonly OrderRule[];
}

/** A hand-written example of a rule: what was found in a field, and what comes of it. */
export type RuleExample =
  | { readonly field: string; readonly found: string | null; readonly becomes: CleanValue }
  | { readonly field: string; readonly found: string | null; readonly reason: QuarantineReason };

/** The examples of a dataset: each one stands in a row that is accepted without it. */
export interface RuleExamples {
  readonly row: RawImage;
  readonly examples: readonly RuleExample[];
}

type Reading = { readonly value: CleanValue } | { readonly reason: QuarantineReason };
type Reader = (text: string | null) => Reading;

function fieldReader(rule: FieldRule): Reader {
  switch (rule.kind) {
    case 'label':
      return (text) =>
        text === null || text.trim() === '' ? { reason: 'missing' } : { value: text };
    case 'word': {
      const meanings = new Map([
        ...rule.words.map((word) => [word, word] as const),
        ...Object.entries(rule.mended),
      ]);
      return (text) => {
        if (text === null || text.trim() === '') return { reason: 'missing' };
        const value = meanings.get(text);
        return value === undefined ? { reason: 'unknown-value' } : { value };
      };
    }
    case 'time':
      return (text) => {
        if (text === null && rule.whenNull !== undefined) return { value: null };
        if (text === null || text === '') return { reason: 'missing' };
        const value = parseUtcDateTime(text);
        return value === undefined ? { reason: 'impossible-date' } : { value };
      };
    case 'count':
      return (text) => {
        if (text === null || text === '') return { reason: 'missing' };
        const value = parseCount(text);
        if (value !== undefined) return { value };
        return { reason: /^-[0-9]+$/.test(text) ? 'negative-count' : 'not-a-count' };
      };
  }
}

/** The reasons for which a rule sets a row aside. */
export function reasonsOf(rule: FieldRule): readonly QuarantineReason[] {
  switch (rule.kind) {
    case 'label':
      return ['missing'];
    case 'word':
      return ['missing', 'unknown-value'];
    case 'time':
      return ['missing', 'impossible-date'];
    case 'count':
      return ['missing', 'negative-count', 'not-a-count'];
  }
}

/**
 * Makes the judge of a table of rules. It gives all reasons of a row, each as `field:reason`, in
 * the order of the table.
 */
export function compileRules({ fields, orders }: RuleTable): (raw: RawImage) => Verdict {
  const readers = fields.map((rule) => ({ field: rule.field, read: fieldReader(rule) }));
  return (raw) => {
    const clean: Record<string, CleanValue> = {};
    const reasons: string[] = [];
    for (const { field, read } of readers) {
      const reading = read(raw[field] ?? null);
      if ('reason' in reading) reasons.push(`${field}:${reading.reason}`);
      else clean[field] = reading.value;
    }
    for (const { earlier, later, reason } of orders) {
      const [first, last] = [clean[earlier], clean[later]];
      if (typeof first === 'number' && typeof last === 'number' && last < first) {
        reasons.push(`${later}:${reason}`);
      }
    }
    return reasons.length > 0 ? { accepted: false, reasons } : { accepted: true, clean };
  };
}
