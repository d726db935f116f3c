import { looksOf, reasonsOf, type FieldRule, type LogFieldRule } from './field-rules.ts';
import type { OrderRule } from './rule-table.ts';

/** One rule in words. */
interface RuleDescription {
  /** The field, or the fields that are compared. */
  readonly subject: string;
  readonly accepted: string;
  /** Empty where nothing is. */
  readonly mended: string;
  readonly reasons: readonly string[];
}

/** Tells a rule to a person; the text follows the table, so that it cannot grow old. */
export function describeRule(rule: FieldRule | LogFieldRule | OrderRule): RuleDescription {
  if (!('kind' in rule)) {
    return {
      subject: `${rule.later}, ${rule.earlier}`,
      accepted: `${rule.later} is not before ${rule.earlier}`,
      mended: '',
      reasons: [rule.reason],
    };
  }
  const mended = rule.kind === 'word' ? Object.entries(rule.mended) : [];
  return {
    subject: 'text' in rule ? `${rule.field} (${rule.text})` : rule.field,
    accepted: acceptedText(rule),
    mended: mended.map(([found, word]) => `${found} → ${word}`).join(', '),
    reasons: reasonsOf(rule),
  };
}

/** The rule of a dataset that gives a reason. */
export function findRule(
  {
    fields,
    orders,
  }: { readonly fields: readonly FieldRule[]; readonly orders: readonly OrderRule[] },
  field: string | null,
  reason: string,
): FieldRule | OrderRule | undefined {
  const order = orders.find((rule) => rule.later === field && rule.reason === reason);
  return order ?? fields.find((rule) => rule.field === field);
}

function acceptedText(rule: FieldRule): string {
  const digits = 'in ASCII digits, leading zeros allowed';
  switch (rule.kind) {
    case 'label':
      return 'any text that is not blank';
    case 'text':
      return 'any text, also an empty one, or none';
    case 'word':
      return rule.words.join(', ');
    case 'time':
      return orNull(`a date and time that exists, ${looksOf(rule)}`, rule.whenNull);
    case 'count':
      return orNull(`a whole number from 0 to 2147483647 ${digits}`, rule.whenNull);
    case 'duration':
      return `milliseconds such as \`1269ms\`, from 0 to 2147483647 ${digits}, or none`;
    case 'percentage':
      return `a percentage such as \`27.64%\`, from 0 to 999.99 with at most two decimals ${digits}, or none`;
    case 'boolean':
      return '`true`, kept as 1; `false`, kept as 0';
    case 'own':
      return rule.accepts;
  }
}

function orNull(accepted: string, whenNull: string | undefined): string {
  return whenNull === undefined ? accepted : `${accepted}; NULL: ${whenNull}`;
}
