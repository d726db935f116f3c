/** The system logs page. */

import { showBooks } from './books.js';
import { byId, count, element } from './element.js';
import { showColumns, showDays, showFigures, showReasons } from './figures.js';
import { startLivePage } from './live-page.js';
import { formatFigure } from './number-format.js';

startLivePage({
  name: 'logs',
  show(doc) {
    showFigures(doc);
    showBooks('books', doc.books, {
      unit: 'entries',
      whole: 'every entry of the log files',
      prefix: 'log_books_',
      without: ['superseded'],
    });
    showReasons(byId('quarantine'), doc.quarantine, 'quarantined_logs_by_reasons');
    showDays('days', 'logs_by_day', doc.breakdowns.logs_by_day ?? []);
    showHours(doc.breakdowns);
    showEntries('slowest', doc.slowest);
    showEntries('newest', doc.newest);
  },
  emptiness(doc) {
    if (doc.books.read > 0) return null;
    return doc.frontiers.length > 0
      ? ['No log entries', 'The log files hold no entries.']
      : ['No logs loaded yet', 'No log file has come this far.'];
  },
  headline: (doc) => ({ value: doc.measures.log_entries?.value, unit: 'log entries' }),
  defines: ({ dataset }) => dataset === 'logs',
});

/** All 24 hours of the day, whether anything was logged in them or not. */
function showHours({ logs_by_hour: entries = [], response_ms_by_hour: responses = [] }) {
  const byHour = new Map(entries.map(({ label, value }) => [label, value ?? 0]));
  const meanOf = new Map(responses.map(({ label, value }) => [label, value]));
  const hours = entries.length === 0 ? [] : [...Array(24).keys()].map(String);
  showColumns(
    'hours',
    'logs_by_hour',
    hours.map((hour) => ({
      label: hour,
      words: `${hour.padStart(2, '0')}:00`,
      value: byHour.get(hour) ?? 0,
      beside: meanOf.has(hour)
        ? `, mean response ${formatFigure(meanOf.get(hour), 'mean')} ms`
        : '',
    })),
    'most in an hour of the day',
  );
}

function showEntries(id, entries) {
  const rows = entries.map((entry) =>
    element(
      'tr',
      { 'data-entry': entry.entry_id ?? '' },
      element('td', {}, entry.logged_at ?? ''),
      element(
        'td',
        {},
        element(
          'span',
          { class: 'tag', 'data-level': entry.log_level ?? '' },
          entry.log_level ?? '',
        ),
      ),
      element('td', { class: 'number' }, count(entry.response_time_ms)),
      element('th', { scope: 'row' }, entry.ticket_id ?? '–'),
      element('td', {}, entry.component ?? ''),
      element('td', {}, entry.event_type ?? ''),
      element('td', { class: 'wide' }, (entry.message ?? '').trim()),
    ),
  );
  if (rows.length === 0) {
    rows.push(element('tr', {}, element('td', { colspan: '7', class: 'none' }, 'none yet')));
  }
  byId(id).replaceChildren(...rows);
}
