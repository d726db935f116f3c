/** One ticket's life: what it is now, every change with its evidence, and what was logged of it. */

import { createCopyButton } from './copy-button.js';
import { byId, count, element, replaceContent, setText } from './element.js';
import { createTicketSearch } from './filters/ticket-search.js';
import { ownEntryHeadings, ownEntryRow } from './lists/entry-rows.js';
import { showRows } from './lists/row-table.js';
import { showChanges } from './lists/ticket-changes.js';
import { tag } from './lists/ticket-rows.js';
import { startLivePage } from './live/live-page.js';
import { formatDuration } from './number-format.js';

startLivePage({
  name: 'ticket',
  show(doc) {
    const { ticket_id: id, ticket, changes, periods, entries } = doc;
    setText(byId('ticket-id'), id);
    document.title = `${id} · CarePlus`;
    setText(byId('standing'), standingOf(doc));
    showTraceCommand(id);
    showFacts(ticket);
    showPeriods(periods);
    showChanges(byId('changes'), changes);
    setText(byId('change-count'), count(changes.length));
    setText(byId('entry-count'), count(entries.length));
    byId('cut').hidden = !doc.cut;
    showRows(
      byId('entries'),
      'Log entries of this ticket',
      ownEntryHeadings,
      entries.map(ownEntryRow),
      'Nothing was logged of it.',
    );
  },
  emptiness({ ticket, changes, entries, ticket_id: id }) {
    return ticket === null && changes.length === 0 && entries.length === 0
      ? [`Nothing is known of ${id}`, 'No change and no log entry of that name has come this far.']
      : null;
  },
  headline: ({ changes, state }) => ({
    value: state === 'loading' ? undefined : changes.length,
    unit: 'changes',
  }),
  defines: () => false,
});

function standingOf({ ticket, set_aside: aside, changes }) {
  const rows = aside === 1 ? 'One row of it is' : `${count(aside)} rows of it are`;
  const set = aside === 0 ? '' : ` ${rows} set aside now.`;
  if (ticket !== null) return `Shown, and counted once in every figure.${set}`;
  if (aside > 0) return `Not shown.${set}`;
  return changes.length > 0 ? 'Not shown: it was deleted at the source.' : 'Not shown.';
}

function showFacts(ticket) {
  const facts = byId('facts');
  facts.hidden = ticket === null;
  if (ticket === null) return;
  const pairs = [
    ['Status', tag('status', ticket.status)],
    ['Priority', tag('priority', ticket.priority)],
    ['Agent', ticket.agent],
    ['Channel', ticket.channel],
    ['Category', ticket.issue_category],
    ['Interactions', count(ticket.num_interactions)],
    ['Created', `${ticket.created_at ?? '–'} UTC`],
    ['Resolved', ticket.resolved_at === null ? 'not yet' : `${ticket.resolved_at} UTC`],
  ];
  replaceContent(
    facts,
    ...pairs.map(([name, value]) =>
      element('div', {}, element('dt', {}, name), element('dd', {}, value ?? '–')),
    ),
  );
}

/** Binlog and offsets stand in the topic: the command reads it, the warehouse does not hold them. */
function showTraceCommand(id) {
  setText(byId('trace-command'), `careplus trace ${shellWord(id)}`);
}

/** One word for a shell, whatever the number of a ticket may be; after `--` none is an option. */
function shellWord(text) {
  if (/^\w[\w.:-]*$/.test(text)) return text;
  const quoted = `'${text.replaceAll("'", `'\\''`)}'`;
  return text.startsWith('-') ? `-- ${quoted}` : quoted;
}

/** The statuses it had, each as long as its part of the line. */
function showPeriods(periods) {
  byId('periods-panel').hidden = periods.length === 0;
  replaceContent(
    byId('periods'),
    ...periods.map(({ status, entered_at: entered, left_at: left, seconds }) => {
      const item = element(
        'li',
        { 'data-status': status ?? '' },
        tag('status', status),
        element(
          'span',
          { class: 'quiet' },
          left === null
            ? `since ${entered} UTC`
            : `${formatDuration(seconds)}, from ${entered} UTC`,
        ),
      );
      return item;
    }),
  );
}

const copy = createCopyButton(() => byId('trace-command').textContent, 'the command');
if (copy) byId('trace-command').after(copy);
document.querySelector('.trail').append(createTicketSearch());
