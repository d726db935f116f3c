/** The changes of one ticket, the newest first; of each what differs from the one before. */

import { element, replaceContent } from '../element.js';
import { reasonLine } from '../reasons.js';
import { tag } from './ticket-rows.js';

const columns = [
  ['status', 'Status'],
  ['priority', 'Priority'],
  ['agent', 'Agent'],
  ['channel', 'Channel'],
  ['issue_category', 'Category'],
  ['num_interactions', 'Interactions'],
  ['created_at', 'Created'],
  ['resolved_at', 'Resolved'],
];

export function showChanges(list, changes) {
  const items = changes.map((change, index) => changeItem(change, changes[index + 1]));
  if (items.length === 0) items.push(element('li', { class: 'none' }, 'No change is known.'));
  replaceContent(list, ...items);
}

function changeItem(change, before) {
  const { event_id: eventId, committed_at: at, verdict, reasons, gtid, raw_pointer: raw } = change;
  return element(
    'li',
    { 'data-event': eventId ?? '', 'data-change': change.change ?? '' },
    element(
      'p',
      { class: 'change-head' },
      element('b', {}, change.change ?? ''),
      ' ',
      tag('verdict', verdict),
      ' ',
      element('span', { class: 'quiet' }, at === null ? '' : `${at} UTC`),
    ),
    valuesOf(change, before),
    ...reasons.map(reasonLine),
    element(
      'p',
      { class: 'evidence' },
      ...evidence('event', eventId),
      ...evidence('GTID', gtid),
      ...evidence('record', raw),
      ...evidence('rules', `version ${change.rules_version}`),
    ),
  );
}

function evidence(name, value) {
  if (value === null || value === undefined) return [];
  return [element('span', {}, `${name} `, element('code', {}, value)), ' '];
}

/** Of an update both rows are told; between the two only what differs matters. */
function valuesOf({ row }, before) {
  const same =
    before === undefined ? [] : columns.filter(([name]) => before.row[name] === row[name]);
  const shown = columns.filter((column) => !same.includes(column));
  const listed = shown.length === 0 ? [] : shown;
  const pairs = listed.map(([name, title]) =>
    element('span', {}, `${title} `, element('b', {}, String(row[name] ?? '–'))),
  );
  return element(
    'p',
    { class: 'values' },
    ...(pairs.length === 0 ? ['the same values as before'] : pairs.flatMap((pair) => [pair, ' '])),
  );
}
