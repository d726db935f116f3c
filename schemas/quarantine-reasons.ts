/**
 * Why a rule set a value aside. A quarantined image lists `field:reason`; this is what each
 * reason means to a person.
 */
export const quarantineReasons = {
  missing: 'The field must hold a value and is NULL or blank.',
  'impossible-date': 'Not a date and time that exists (YYYY-MM-DD HH:MM[:SS], UTC).',
  'negative-count': 'A count cannot be below zero.',
  'not-a-count': 'Not a whole number of ASCII digits within 32 bits.',
  'unknown-value': 'Neither a known value nor one of the listed misspellings.',
  'before-created': 'The ticket ends before it begins.',
  unreadable: 'The record bytes could not be read; they stand in the dead-letter topic.',
} as const satisfies Record<string, string>;
