import { reasonsOf, type FieldRule, type OrderRule } from './rule-table.ts';

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
export function describeRule(rule: FieldRule | OrderRule): RuleDescription {
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
    subject: rule.field,
    accepted: acceptedText(rule),
    mended: mended.map(([found, word]) => `${found} → ${word}`).join(', '),
    reasons: reasonsOf(rule),
  };
}

function acceptedText(rule: FieldRule): string {
  switch (rule.kind) {
    case 'label':
      return 'any text that is not blank';
    case 'word':
      return rule.words.join(', ');
    case 'time': {
      const time = 'a date and time that exists, `YYYY-MM-DD HH:MM[:SS]`, in UTC';
      return rule.whenNull === undefined ? time : `${time}; NULL: ${rule.whenNull}`;
    }
    case 'count':
      return 'a whole number from 0 to 2147483647 in ASCII digits';
  }
}
