/** The tickets page. */

import { showSplits } from './charts/splits.js';
import { showColumns } from './charts/columns.js';
import { showHeatMap } from './charts/heat-map.js';
import { showSteps } from './charts/steps.js';
import { showBooks } from './books.js';
import { byId } from './element.js';
import { markWhole, showFigures } from './figures.js';
import { drillAddress, isNarrowed } from './filters/address.js';
import { createFilterBar } from './filters/filter-bar.js';
import { showRows } from './lists/row-table.js';
import { ticketAddress, ticketHeadings, ticketRow } from './lists/ticket-rows.js';
import { everything, whereItIs } from './live/ways-out.js';
import { startLivePage } from './live/live-page.js';
import { dayColumns } from './charts/days.js';
import { showReasons } from './reasons.js';

const LIST = 'tickets';

const { go } = startLivePage({
  name: 'tickets',
  show(doc) {
    showFigures(doc, LIST);
    filterBar.show(doc);
    showSplits(doc, (column, label) =>
      column === 'id' ? ticketAddress(label) : drillAddress(LIST, doc.filter, { [column]: label }),
    );
    showColumns(
      byId('days-panel'),
      dayColumns(doc.breakdowns.tickets_by_day ?? []).map((column) => ({
        ...column,
        href: drillAddress(LIST, doc.filter, { from: column.label, to: column.label }),
      })),
    );
    showSteps(byId('backlog-panel'), backlogPoints(doc.breakdowns.backlog_by_hour ?? []));
    showHeatMap(
      byId('heat-panel'),
      doc.matrices.tickets_by_weekday_and_hour ?? [],
      (weekday, hour) => drillAddress(LIST, doc.filter, { weekday, hour }),
    );
    markWhole(doc);
    showBooks(byId('books'), doc.books, {
      unit: 'rows',
      whole: 'every row of the source table',
      prefix: 'books_',
    });
    showReasons(byId('quarantine'), doc.quarantine, 'quarantined_by_reasons');
    showRows(byId('recent'), 'Newest tickets', ticketHeadings, doc.recent.map(ticketRow));
    byId('all-tickets').href = drillAddress(LIST, doc.filter, {});
  },
  /** No rows at all: either the source has none, or none has come this far. */
  emptiness(doc) {
    if (doc.books.read === 0) {
      return doc.frontiers.length > 0
        ? ['No tickets', 'The source table holds no rows.']
        : [
            'Nothing loaded yet',
            'The first batch is still on its way. Figures appear here by themselves.',
            whereItIs,
          ];
    }
    return isNarrowed(doc.filter) && doc.measures.tickets_shown?.value === 0
      ? ['No ticket matches', 'Take back one of the filters, or all of them.', everything()]
      : null;
  },
  headline: (doc) => ({ value: doc.measures.tickets_shown?.value, unit: 'tickets' }),
  defines: ({ dataset }) => dataset === 'tickets',
});
const filterBar = createFilterBar(go, ({ measures, books }) => [
  measures.tickets_shown?.value,
  books?.shown,
  'tickets',
]);

/** The warehouse tells the newest hour first, and an hour as `YYYY-MM-DD HH:MM:SS`, UTC. */
function backlogPoints(figures) {
  return figures
    .map(({ label, value }) => ({
      ms: Date.parse(`${(label ?? '').replace(' ', 'T')}Z`),
      label: label ?? '',
      value: value ?? 0,
    }))
    .filter(({ ms }) => !Number.isNaN(ms))
    .reverse();
}
