import { expect, it } from 'vitest';
import { add, files, remove, rename, replace, problemsAfter, type Damage } from './damage.ts';

const definition = 'CarePlus.SemanticModel/definition';
const tickets = `${definition}/tables/Tickets.tmdl`;
const expressions = `${definition}/expressions.tmdl`;

const damages: readonly (readonly [string, Damage, RegExp])[] = [
  ['no TMDL', replace(tickets, '\tlineageTag', '    lineageTag'), /indented by spaces/],
  [
    'an unknown property',
    replace(tickets, 'formatString:', 'formatSting:'),
    /unknown property formatSting/,
  ],
  [
    'an unknown kind of object',
    add(`${definition}/roles.tmdl`, 'perspective P\n'),
    /neither an object/,
  ],
  [
    'an unknown data type',
    replace(tickets, 'dataType: string', 'dataType: text'),
    /dataType may not be text/,
  ],
  [
    'a column that sums by itself',
    replace(tickets, 'summarizeBy: none', 'summarizeBy: sum'),
    /summarizeBy may not be sum/,
  ],
  [
    'import instead of DirectQuery',
    replace(tickets, 'mode: directQuery', 'mode: import'),
    /mode may not be import/,
  ],
  ['a partition without a mode', replace(tickets, '\t\tmode: directQuery\n', ''), /has no mode/],
  [
    'a calculated table',
    replace(tickets, 'partition Tickets = m', 'partition Tickets = calculated'),
    /not of M/,
  ],
  [
    'a second partition',
    replace(
      tickets,
      '\tpartition Tickets = m',
      '\tpartition Other = m\n\t\tmode: directQuery\n\n\tpartition Tickets = m',
    ),
    /one partition/,
  ],
  [
    'a step behind the navigation',
    replace(tickets, 'in\n\t\t\t\t    View', 'in\n\t\t\t\t    Table.FirstN(View, 10)'),
    /must only navigate/,
  ],
  [
    'a server that is no parameter',
    replace(tickets, 'RedshiftServer', '"server:5439"'),
    /must only navigate/,
  ],
  [
    'a column without a source',
    replace(tickets, '\t\tsourceColumn: agent\n', ''),
    /Agent has no sourceColumn/,
  ],
  ['a column without a type', replace(tickets, '\t\tdataType: string\n', ''), /has no dataType/],
  [
    'a column that may be summed',
    replace(tickets, '\t\tsummarizeBy: none\n', ''),
    /must say summarizeBy/,
  ],
  [
    'a table without a description',
    replace(tickets, `${files.get(tickets)?.split('\n')[0] ?? ''}\n`, ''),
    /Tickets: no description/,
  ],
  [
    'a sort by nothing',
    replace(
      `${definition}/tables/Ticket Ages.tmdl`,
      "sortByColumn: 'Age Order'",
      'sortByColumn: Order',
    ),
    /sorted by Order/,
  ],
  [
    'a file with another name',
    rename(tickets, `${definition}/tables/Ticket.tmdl`),
    /not named after its table/,
  ],
  [
    'a table that is not listed',
    replace(`${definition}/model.tmdl`, 'ref table Tickets\n', ''),
    /no ref table Tickets/,
  ],
  [
    'a listed table without a file',
    remove(`${definition}/tables/Log Books.tmdl`),
    /ref table Log Books has no file/,
  ],
  [
    'a missing parameter',
    replace(expressions, 'expression RedshiftSchema', 'expression RedshiftView'),
    /parameters must be/,
  ],
  [
    'a parameter of another type',
    replace(expressions, 'Type = "Text"', 'Type = "Any"'),
    /no text parameter/,
  ],
  [
    'a column twice',
    replace(tickets, 'column Agent\n', 'column channel\n'),
    /column Channel is there twice/i,
  ],
  [
    'a column with a name of a measure',
    replace(tickets, 'column Agent\n', "column 'total tickets'\n"),
    /is a column and a measure/,
  ],
  [
    'a measure in two tables',
    replace(`${definition}/tables/Log Entries.tmdl`, "'Total Logs'", "'Total Tickets'"),
    /is in Log Entries and in Tickets/,
  ],
  [
    'a tag used twice',
    replace(tickets, `lineageTag: ${tags(1)}`, `lineageTag: ${tags(2)}`),
    /used twice/,
  ],
  ['a missing tag', replace(tickets, `\tlineageTag: ${tags(0)}\n`, ''), /has no lineageTag/],
  [
    'a model of before lineage tags',
    replace(`${definition}/database.tmdl`, '1600', '1500'),
    /compatibilityLevel must be 1600/,
  ],
  [
    'a model that sums columns by itself',
    replace(`${definition}/model.tmdl`, '\tdiscourageImplicitMeasures\n', ''),
    /must say discourageImplicitMeasures/,
  ],
  [
    'a culture that there is not',
    replace(`${definition}/model.tmdl`, 'culture: en-US', 'culture: english'),
    /culture may not be english/,
  ],
  [
    'a switch that is neither on nor off',
    replace(tickets, '\t\tisHidden\n', '\t\tisHidden: maybe\n'),
    /isHidden may not be maybe/,
  ],
  [
    'a column that is sorted by itself',
    replace(tickets, '\tcolumn Agent\n', '\tcolumn Agent\n\t\tsortByColumn: Agent\n'),
    /Agent is sorted by Agent/,
  ],
  [
    'a parameter that is there twice',
    add(
      `${definition}/expressions.tmdl`,
      `${files.get(`${definition}/expressions.tmdl`) ?? ''}\nexpression RedshiftSchema = "other"\n`,
    ),
    /expression RedshiftSchema is there twice/,
  ],
  [
    'a server of somebody',
    replace(
      expressions,
      /"careplus\.0.*?"/.exec(files.get(expressions) ?? '')?.[0] ?? '',
      '"redshift.example.com:5439"',
    ),
    /RedshiftServer must be careplus\.0{12}/,
  ],
  [
    'a schema that the reader does not see',
    replace(expressions, '"reporting"', '"careplus"'),
    /RedshiftSchema must be reporting/,
  ],
  ['a tag that is no GUID', replace(tickets, tags(1), 'total'), /Total Tickets is no GUID/],
  [
    'a model that Desktop does not know yet',
    replace(`${definition}/database.tmdl`, '1600', '9999'),
    /compatibilityLevel must be 1600 to/,
  ],
  [
    'a model that sums columns by itself after all',
    replace(
      `${definition}/model.tmdl`,
      'discourageImplicitMeasures',
      'discourageImplicitMeasures: false',
    ),
    /discourageImplicitMeasures may not be false/,
  ],
  [
    'calendars that are made by themselves',
    replace(`${definition}/model.tmdl`, 'Enabled = 0', 'Enabled = 1'),
    /annotation __PBI_TimeIntelligenceEnabled must be 0/,
  ],
  [
    'more connections than a capacity allows',
    replace(`${definition}/model.tmdl`, 'Connections: 10', 'Connections: 500'),
    /dataSourceDefaultMaxConnections must be 1 to 10/,
  ],
  [
    'sources of before 2018',
    replace(`${definition}/model.tmdl`, 'powerBI_V3', 'powerBI_V1'),
    /defaultPowerBIDataSourceVersion may not be powerBI_V1/,
  ],
  [
    'a column that is shown twice',
    replace(tickets, 'sourceColumn: agent', 'sourceColumn: channel'),
    /two columns of one sourceColumn/,
  ],
  [
    'a property behind the objects',
    replace(tickets, '\tpartition Tickets', '\tlineageTag: x\n\n\tpartition Tickets'),
    /lineageTag stands behind the objects of its table/,
  ],
  [
    'a property that is set like an expression',
    replace(tickets, '\t\tisHidden\n', '\t\tisHidden = true\n'),
    /neither an object nor a property/,
  ],
];

/** The nth tag of the tickets. */
function tags(index: number): string {
  return [...(files.get(tickets) ?? '').matchAll(/lineageTag: (\S+)/g)][index]?.[1] ?? '';
}

it.each(damages)('finds %s', (_what, damage, expected) => {
  expect(problemsAfter(damage)).toMatch(expected);
});
