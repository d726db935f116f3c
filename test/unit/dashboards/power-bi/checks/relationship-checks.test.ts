import { expect, it } from 'vitest';
import { add, files, problemsAfter, remove, replace, type Damage } from './damage.ts';

const relationships = 'CarePlus.SemanticModel/definition/relationships.tmdl';

/** One more relationship, from a column to another. */
function relate(from: string, to: string): Damage {
  const name = '11111111-1111-4111-8111-111111111111';
  const more = `\nrelationship ${name}\n\tfromColumn: ${from}\n\ttoColumn: ${to}\n`;
  return add(relationships, (files.get(relationships) ?? '') + more);
}

const damages: readonly (readonly [string, Damage, RegExp])[] = [
  [
    'a relationship to a column that is not there',
    replace(relationships, "toColumn: Tickets.'Ticket Key'", 'toColumn: Tickets.Key'),
    /no column Tickets\.Key/,
  ],
  [
    'a relationship that filters both ways',
    replace(relationships, '\ttoColumn', '\tcrossFilteringBehavior: bothDirections\n\ttoColumn'),
    /crossFilteringBehavior/,
  ],
  [
    'a table that does not know its tickets',
    remove(relationships),
    /Log Entries\.Ticket Key is not related to Tickets\.Ticket Key/,
  ],
  [
    'a relationship of two types',
    replace(
      relationships,
      "fromColumn: 'Ticket Ages'.'Ticket Key'",
      "fromColumn: 'Ticket Ages'.'Age Seconds'",
    ),
    /Ticket Ages\.Age Seconds joins int64 to string/,
  ],
  [
    'two relationships of the same tables',
    relate("'Log Entries'.'Ticket ID'", "Tickets.'Ticket ID'"),
    /Tickets filters Log Entries on more than one way/,
  ],
  [
    'a second way over a third table',
    relate("'Ticket Periods'.'Ticket Key'", "'Ticket Errors'.'Ticket Key'"),
    /Tickets filters Ticket Periods on more than one way/,
  ],
  [
    'a way back',
    relate("Tickets.'Ticket Key'", "'Ticket Ages'.'Ticket Key'"),
    /Tickets filters Tickets on more than one way/,
  ],
  [
    'a relationship without a name',
    replace(relationships, 'relationship f762fee7-8945-42b2-a38f-7976468558d1', 'relationship'),
    /relationship has no name/,
  ],
];

it.each(damages)('finds %s', (_what, damage, expected) => {
  expect(problemsAfter(damage)).toMatch(expected);
});
