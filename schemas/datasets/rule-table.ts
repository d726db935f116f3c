import {
  fieldReader,
  type FieldRule,
  type Found,
  type LogFieldRule,
  type QuarantineReason,
} from './field-rules.ts';
import type { CleanValue, RawImage, Verdict } from './verdict.ts';

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

/** The rules of a log format; where the texts stand belongs to them. */
export interface LogRuleTable extends RuleTable {
  readonly fields: readonly LogFieldRule[];
  /** What the text of an entry must look like, in words. */
  readonly grammar: string;
}

/** A hand-written example of a rule: what was found in a field, and what comes of it. */
export type RuleExample = {
  readonly field: string;
  /** Null: NULL in a table; in a log entry the field is not there. */
  readonly found: string | null;
} & ({ readonly becomes: CleanValue } | { readonly reason: QuarantineReason });

/** The examples of a dataset: each one stands in a row that is accepted without it. */
export interface RuleExamples {
  readonly row: RawImage;
  readonly examples: readonly RuleExample[];
}

/** The examples of a log format: texts as they stand in the file. */
export interface LogRuleExamples extends RuleExamples {
  /** Writes an entry with these texts, by column. */
  readonly write: (texts: RawImage) => string;
  /** Whole texts that are entries or are none. */
  readonly entries: readonly { readonly text: string; readonly parsable: boolean }[];
}

/** A reason as it stands beside a row: what is missing in the head of an entry is said of the entry. */
function namedReason(field: string, reason: QuarantineReason): string {
  return `${reason === 'unparsable' ? 'entry' : field}:${reason}`;
}

/**
 * Makes the judge of a table of rules. It gives all reasons of a row, each as `field:reason`, in
 * the order of the table. `refused` fields are set aside before their text is looked at.
 */
export function compileRules({ fields, orders }: RuleTable) {
  const readers = fields.map((rule) => ({ field: rule.field, read: fieldReader(rule) }));
  return (
    found: Readonly<Record<string, Found>>,
    refused?: ReadonlyMap<string, QuarantineReason>,
  ): Verdict => {
    const clean: Record<string, CleanValue> = {};
    const reasons: string[] = [];
    for (const { field, read } of readers) {
      const reason = refused?.get(field);
      const reading = reason === undefined ? read(found[field]) : { reason };
      if ('reason' in reading) reasons.push(namedReason(field, reading.reason));
      else clean[field] = reading.value;
    }
    for (const { earlier, later, reason } of orders) {
      const [first, last] = [clean[earlier], clean[later]];
      if (typeof first === 'number' && typeof last === 'number' && last < first) {
        reasons.push(namedReason(later, reason));
      }
    }
    return reasons.length > 0 ? { accepted: false, reasons } : { accepted: true, clean };
  };
}
