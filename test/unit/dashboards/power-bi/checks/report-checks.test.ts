import { expect, it } from 'vitest';
import { add, remove, replace, problemsAfter, type Damage } from './damage.ts';

const pages = 'CarePlus.Report/definition/pages';
const report = 'CarePlus.Report/definition/report.json';
const insights = `${pages}/ticket_insights`;
const byAgent = `${insights}/visuals/tickets_by_agent/visual.json`;
const byDay = `${insights}/visuals/tickets_by_day/visual.json`;

const damages: readonly (readonly [string, Damage, RegExp])[] = [
  [
    'a column that is not in the model',
    replace(byAgent, '"Property": "Agent"', '"Property": "Owner"'),
    /no column Tickets\.Owner/,
  ],
  [
    'a measure that is used as a column',
    replace(byAgent, '"Measure": {', '"Column": {'),
    /no column Tickets\.Total Tickets/,
  ],
  [
    'a field of a sort that is not there',
    replace(
      byDay,
      '"direction": "Ascending"',
      '"direction": "Ascending"}, {"field": {"Measure": {"Expression": {"SourceRef": {"Entity": "Tickets"}}, "Property": "Gone"}}, "direction": "Ascending"',
    ),
    /no measure Tickets\.Gone/,
  ],
  [
    'a field of a filter behind an alias',
    replace(
      byDay,
      '"name":',
      '"filterConfig": {"filters": [{"filter": {"From": [{"Name": "t", "Entity": "Tickets"}], "Where": [{"Column": {"Expression": {"SourceRef": {"Source": "t"}}, "Property": "Gone"}}]}}]}, "name":',
    ),
    /no column Tickets\.Gone/,
  ],
  [
    'a wrong queryRef',
    replace(byAgent, '"queryRef": "Tickets.Agent"', '"queryRef": "Agent"'),
    /queryRef Agent must be Tickets\.Agent/,
  ],
  ['a file that is no JSON', add(byAgent, '{'), /no JSON/],
  ['a visual without a position', replace(byAgent, '"position"', '"place"'), /position/],
  ['a page without a file', remove(`${pages}/pages.json`), /is missing/],
  [
    'a page that is not in the order',
    replace(`${pages}/pages.json`, '    "pipeline"', '    "pipelines"'),
    /pageOrder must list/,
  ],
  [
    'a first page that is none',
    replace(
      `${pages}/pages.json`,
      '"activePageName": "ticket_insights"',
      '"activePageName": "start"',
    ),
    /start is no page/,
  ],
  [
    'a name that is too long',
    replace(byAgent, '"name": "tickets_by_agent"', `"name": "${'a'.repeat(51)}"`),
    /1 to 50 letters/,
  ],
  [
    'a name that is not the folder’s',
    replace(byAgent, '"name": "tickets_by_agent"', '"name": "agents"'),
    /not that of its folder/,
  ],
  [
    'a page that does not refresh',
    replace(`${insights}/page.json`, '"Value": "true"', '"Value": "false"'),
    /pageRefresh must be on/,
  ],
  [
    'a page that refreshes too often',
    replace(`${insights}/page.json`, 'PT30S', 'PT1S'),
    /pageRefresh must be on/,
  ],
  [
    'a theme that is not registered',
    replace(report, '"type": "CustomTheme"', '"type": "Image"'),
    /not registered as CustomTheme/,
  ],
  [
    'a theme of Microsoft’s',
    replace(report, '"type": "RegisteredResources"', '"type": "SharedResources"'),
    /must be of RegisteredResources/,
  ],
  [
    'a resource without a file',
    replace(report, '"path": "CarePlus.json"', '"path": "Other.json"'),
    /Other\.json has no file/,
  ],
  [
    'a file that is no resource',
    add('CarePlus.Report/StaticResources/RegisteredResources/logo.png', ''),
    /logo\.png is not registered/,
  ],
  [
    'a column that a visual sums by itself',
    replace(byAgent, '"Column": {', '"Aggregation": {"Function": 0}, "Column": {'),
    /aggregates a column/,
  ],
  [
    'a wrong nativeQueryRef',
    replace(byAgent, '"nativeQueryRef": "Agent"', '"nativeQueryRef": "Agnt"'),
    /nativeQueryRef Agnt must be Agent/,
  ],
  [
    'a page that refreshes by change detection',
    replace(`${insights}/page.json`, '"show": {', '"refreshType": {}, "show": {'),
    /pageRefresh must be on/,
  ],
];

it.each(damages)('finds %s', (_what, damage, expected) => {
  expect(problemsAfter(damage)).toMatch(expected);
});
