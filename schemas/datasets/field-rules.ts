import type { quarantineReasons } from '../quarantine-reasons.ts';
import type { CleanValue } from './verdict.ts';
import { parseCount, parseHundredths, parseUtcDateTime } from './strict-values.ts';

export type QuarantineReason = keyof typeof quarantineReasons;

/** What becomes of one field. The rules of a dataset are a table of these: data, not code. */
export type FieldRule =
  /** A name that the business gives at will: any text that is not blank, as it is. */
  | { readonly field: string; readonly kind: 'label' }
  /** Any text as it is, or none. */
  | { readonly field: string; readonly kind: 'text' }
  /** A closed list of words, and the misspellings that are mended to one of them. */
  | {
      readonly field: string;
      readonly kind: 'word';
      readonly words: readonly string[];
      readonly mended: Readonly<Record<string, string>>;
    }
  /**
   * A date and time, kept in epoch milliseconds. `whenNull` says what NULL means where it may stand;
   * `notation` how it is written, where that is not `YYYY-MM-DD HH:MM[:SS]` in UTC.
   */
  | {
      readonly field: string;
      readonly kind: 'time';
      readonly whenNull?: string;
      readonly notation?: TimeNotation;
    }
  /** A whole number from 0 up. `whenNull` says what NULL means where it may stand. */
  | { readonly field: string; readonly kind: 'count'; readonly whenNull?: string }
  /** `1269ms`, kept in milliseconds, or none. */
  | { readonly field: string; readonly kind: 'duration' }
  /** `27.64%`, kept in hundredths, or none. More than 100 % is possible where there are several processors. */
  | { readonly field: string; readonly kind: 'percentage' }
  /** `true` or `false`, kept as 1 or 0. */
  | { readonly field: string; readonly kind: 'boolean' }
  /** What no other kind says: code of the dataset's own, and words for it. */
  | {
      readonly field: string;
      readonly kind: 'own';
      readonly accepts: string;
      /** For which `read` sets a value aside. */
      readonly reasons: readonly QuarantineReason[];
      readonly read: (found: Found) => Reading;
    };

/** How a source writes a time. */
export interface TimeNotation {
  /** For people, such as `` `DD/Mon/YYYY:HH:MM:SS ±HHMM` ``. */
  readonly looks: string;
  /** @returns epoch milliseconds; undefined for a text that is no time, or a day that does not exist. */
  readonly parse: (text: string) => number | undefined;
}

/** As MySQL and CarePlus' logs write it. */
const utcDateTime: TimeNotation = {
  looks: '`YYYY-MM-DD HH:MM[:SS]`, in UTC',
  parse: parseUtcDateTime,
};

/** The notation of a rule's times, for people. */
export function looksOf({ notation = utcDateTime }: { readonly notation?: TimeNotation }): string {
  return notation.looks;
}

/** A field of a log entry and where its text stands. */
export type LogFieldRule = FieldRule & {
  /** Its name in the entry. */
  readonly text: string;
  /** It belongs to the head of the entry: without it the text is none at all. */
  readonly head?: true;
  /** It cannot stand there twice, as a key of a JSON object. */
  readonly once?: true;
};

/** What stands in a field: null for NULL or `None`, undefined where the field is not there. */
export type Found = string | null | undefined;

export type Reading = { readonly value: CleanValue } | { readonly reason: QuarantineReason };

const missing: Reading = { reason: 'missing' };

/** Prepares the reading of one field. */
export function fieldReader(rule: FieldRule): (found: Found) => Reading {
  switch (rule.kind) {
    case 'label':
      return (found) => (isBlank(found) ? missing : { value: found });
    case 'text':
      return (found) => (found === undefined ? missing : { value: found });
    case 'word': {
      const meanings = new Map([
        ...rule.words.map((word) => [word, word] as const),
        ...Object.entries(rule.mended),
      ]);
      return (found) =>
        isBlank(found) ? missing : valueOr(meanings.get(found), () => 'unknown-value');
    }
    case 'time': {
      const { whenNull, notation = utcDateTime } = rule;
      return (found) => {
        if (found == null && whenNull !== undefined) return { value: null };
        if (!found) return missing;
        return valueOr(notation.parse(found), () => 'impossible-date');
      };
    }
    case 'count':
      return (found) => {
        if (found == null && rule.whenNull !== undefined) return { value: null };
        if (!found) return missing;
        return valueOr(parseCount(found), () =>
          /^-[0-9]+$/.test(found) ? 'negative-count' : 'not-a-count',
        );
      };
    case 'duration':
      return (found) => {
        if (found == null) return found === null ? { value: null } : missing;
        const [, sign, digits = ''] = /^(-?)([0-9]+)ms$/.exec(found) ?? [];
        return valueOr(sign === '-' ? undefined : parseCount(digits), () =>
          sign === '-' ? 'negative' : 'not-a-duration',
        );
      };
    case 'percentage':
      return (found) => {
        if (found == null) return found === null ? { value: null } : missing;
        const [, sign, number = ''] = /^(-?)([0-9.]+)%$/.exec(found) ?? [];
        const hundredths = parseHundredths(number);
        if (hundredths === undefined) return { reason: 'not-a-percentage' };
        return sign === '-' ? { reason: 'negative' } : { value: hundredths };
      };
    case 'boolean':
      return (found) => {
        if (found == null) return missing;
        return valueOr(truths.get(found), () => 'not-a-boolean');
      };
    case 'own':
      return rule.read;
  }
}

const truths = new Map([
  ['true', 1],
  ['false', 0],
]);

function isBlank(found: Found): found is null | undefined {
  return found == null || found.trim() === '';
}

function valueOr(value: string | number | undefined, reason: () => QuarantineReason): Reading {
  return value === undefined ? { reason: reason() } : { value };
}

const reasonsByKind: Readonly<
  Record<Exclude<FieldRule['kind'], 'own'>, readonly QuarantineReason[]>
> = {
  label: [],
  text: [],
  word: ['unknown-value'],
  time: ['impossible-date'],
  count: ['negative-count', 'not-a-count'],
  duration: ['negative', 'not-a-duration'],
  percentage: ['negative', 'not-a-percentage'],
  boolean: ['not-a-boolean'],
};

/** The reasons for which a rule sets a row or an entry aside. */
export function reasonsOf(rule: FieldRule | LogFieldRule): readonly QuarantineReason[] {
  const own = rule.kind === 'own';
  const reasons = own ? rule.reasons : reasonsByKind[rule.kind];
  if (!('text' in rule)) return own ? reasons : ['missing', ...reasons];
  if (rule.head) return ['unparsable', ...reasons];
  const missing = own ? [] : (['missing'] as const);
  return [...missing, ...reasons, ...(rule.once ? [] : (['repeated-field'] as const))];
}
