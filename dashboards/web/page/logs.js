/** The system logs page. */

import { showColumns } from './charts/columns.js';
import { dayColumns } from './charts/days.js';
import { showHeatMap } from './charts/heat-map.js';
import { showSplits } from './charts/splits.js';
import { showBooks } from './books.js';
import { byId } from './element.js';
import { markWhole, showFigures } from './figures.js';
import { drillAddress, isNarrowed } from './filters/address.js';
import { createFilterBar } from './filters/filter-bar.js';
import { entryHeadings, entryRow } from './lists/entry-rows.js';
import { showRows } from './lists/row-table.js';
import { everything, whereItIs } from './live/ways-out.js';
import { startLivePage } from './live/live-page.js';
import { showReasons } from './reasons.js';

const LIST = 'entries';

const { go } = startLivePage({
  name: 'logs',
  show(doc) {
    showFigures(doc, LIST);
    filterBar.show(doc);
    showSplits(doc, (column, label) => drillAddress(LIST, doc.filter, { [column]: label }));
    showColumns(
      byId('days-panel'),
      dayColumns(doc.breakdowns.logs_by_day ?? []).map((column) => ({
        ...column,
        href: drillAddress(LIST, doc.filter, { from: column.label, to: column.label }),
      })),
    );
    showColumns(byId('hours-panel'), hourColumns(doc));
    showHeatMap(
      byId('heat-panel'),
      doc.matrices.errors_by_weekday_and_hour ?? [],
      (weekday, hour) => drillAddress(LIST, doc.filter, { weekday, hour, error: '1' }),
    );
    markWhole(doc);
    showBooks(byId('books'), doc.books, {
      unit: 'entries',
      whole: 'every entry of the log files',
      prefix: 'log_books_',
      without: ['superseded'],
    });
    showReasons(byId('quarantine'), doc.quarantine, 'quarantined_logs_by_reasons');
    showRows(byId('slowest'), 'Slowest responses', entryHeadings, doc.slowest.map(entryRow));
    showRows(byId('newest'), 'Newest entries', entryHeadings, doc.newest.map(entryRow));
    byId('all-entries').href = drillAddress(LIST, doc.filter, {});
  },
  emptiness(doc) {
    if (doc.books.read === 0) {
      return doc.frontiers.length > 0
        ? ['No log entries', 'The log files hold no entries.']
        : [
            'No logs loaded yet',
            'No log file has come this far. Figures appear here by themselves.',
            whereItIs,
          ];
    }
    return isNarrowed(doc.filter) && doc.measures.log_entries?.value === 0
      ? ['No log entry matches', 'Take back one of the filters, or all of them.', everything()]
      : null;
  },
  headline: (doc) => ({ value: doc.measures.log_entries?.value, unit: 'log entries' }),
  defines: ({ dataset }) => dataset === 'logs',
});
const filterBar = createFilterBar(go, ({ measures, books }) => [
  measures.log_entries?.value,
  books?.shown,
  'entries',
]);

/** All 24 hours of the day, whether anything was logged in them or not. */
function hourColumns({ filter, breakdowns }) {
  const { logs_by_hour: entries = [], response_ms_by_hour: responses = [] } = breakdowns;
  const byHour = new Map(entries.map(({ label, value }) => [label, value ?? 0]));
  const meanOf = new Map(responses.map(({ label, value }) => [label, value]));
  const hours = entries.length === 0 ? [] : [...Array(24).keys()].map(String);
  return hours.map((hour) => ({
    label: hour,
    words: `${hour.padStart(2, '0')}:00`,
    axis: hour.padStart(2, '0'),
    value: byHour.get(hour) ?? 0,
    beside: meanOf.get(hour) ?? null,
    href: drillAddress(LIST, filter, { hour }),
  }));
}
