/**
 * Why a rule set a value aside. A quarantined image lists `field:reason`; this is what each
 * reason means to a person.
 */
export const quarantineReasons = {
  missing:
    'The field must hold a value and is NULL or blank; every white space of Unicode is blank, also the non-breaking space.',
  'impossible-date': 'Not a date and time that exists, written as the rule says.',
  'negative-count': 'A count cannot be below zero.',
  'not-a-count': 'Not a whole number of ASCII digits within 32 bits.',
  'unknown-value': 'Neither a known value nor one of the listed misspellings.',
  'before-created': 'The ticket ends before it begins.',
  negative: 'A duration or share cannot be below zero.',
  'not-a-duration': 'Not a whole number of milliseconds such as `1269ms` within 32 bits.',
  'not-a-percentage': 'Not a percentage with at most two decimals, such as `27.64%`.',
  'not-a-boolean': 'Neither `true` nor `false`.',
  'repeated-field':
    'The field stands more than once in the entry: which value counts cannot be told.',
  unparsable: 'The text does not follow the grammar of the log format.',
  'invalid-utf8': 'The bytes are no UTF-8 text.',
  'too-long': 'The entry is longer than what travels; the whole of it stands in the file.',
  'cut-by-rotation': 'The file was rotated inside this entry; its rest stands in the next file.',
  continued: 'Written after the beginning of the entry had been shipped from a quiet file.',
  unreadable: 'The record bytes could not be read; they stand in the dead-letter topic.',
  refused: 'Firehose refuses the row for ever; its record stands in the dead-letter topic.',
} as const satisfies Record<string, string>;
