/** Writes a document into the page. Texts go in as text, never as markup. */

import { formatDay, formatExactly, formatFigure, lastDays, rawText } from './number-format.js';

const SHOWN_BARS = 12;
const SHOWN_DAYS = 31;

/** Orders that people know; everything else goes by size. */
const knownOrders = { tickets_by_priority: ['High', 'Medium', 'Low'] };

/** What stands beside a breakdown's count. */
const besides = {
  resolution_minutes_by_priority: { heading: 'mean min', format: 'mean' },
  resolution_minutes_by_issue_category: { heading: 'mean min', format: 'mean' },
  resolution_rate_by_channel: { heading: 'resolved', format: 'share' },
};

/** The terms of the books, in the order in which they are read. */
const bookTerms = [
  ['shown', 'shown'],
  ['repeats', 'repeats'],
  ['superseded', 'superseded'],
  ['quarantined', 'set aside'],
  ['quarantined_repeats', 'repeats of those'],
  ['dead_lettered', 'unreadable'],
];

export function showFigures(doc) {
  for (const node of document.querySelectorAll('[data-measure][data-format]')) {
    showFigure(node, doc.measures[node.dataset.measure]?.value, node.dataset.format);
  }
  for (const node of document.querySelectorAll('[data-parts-of]')) {
    const figure = doc.measures[node.dataset.partsOf];
    node.textContent = figure
      ? `${count(figure.numerator)} ÷ ${count(figure.denominator)} ${node.dataset.unit}`
      : '';
  }
  for (const node of document.querySelectorAll('[data-count-of]')) {
    const figure = doc.measures[node.dataset.countOf];
    node.textContent = figure ? `over ${count(figure.denominator)} ${node.dataset.unit}` : '';
  }
  for (const table of document.querySelectorAll('[data-breakdown]')) showBars(table, doc);
  showBooks(doc.books);
  showQuarantine(doc.quarantine);
  showDays(doc.breakdowns.tickets_by_day ?? []);
  showRecent(doc.recent);
}

function showFigure(node, value, format) {
  const raw = rawText(value);
  const changed = node.dataset.value !== '' && node.dataset.value !== raw;
  node.dataset.value = raw;
  node.textContent = formatFigure(value, format);
  if (format !== 'count') node.title = formatExactly(value, format);
  if (!changed) return;
  node.classList.remove('changed');
  // Reading a size makes the browser forget the animation that it has just played.
  void node.offsetWidth;
  node.classList.add('changed');
}

function showBars(table, doc) {
  const name = table.dataset.breakdown;
  const beside = besides[table.dataset.beside];
  const besideFigures = new Map(
    (doc.breakdowns[table.dataset.beside] ?? []).map((figure) => [figure.label, figure]),
  );
  if (!table.tHead) {
    const heading = document.getElementById(table.parentElement.getAttribute('aria-labelledby'));
    table.append(
      element('caption', { class: 'visually-hidden' }, `Tickets ${heading.textContent}`),
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          element('th', { scope: 'col' }, element('span', { class: 'visually-hidden' }, 'Label')),
          element('th', { 'aria-hidden': 'true', class: 'track-cell' }),
          element('th', { scope: 'col', class: 'number' }, 'tickets'),
          beside ? element('th', { scope: 'col', class: 'number' }, beside.heading) : null,
        ),
      ),
      element('tbody', {}),
    );
  }
  const figures = inKnownOrder(name, doc.breakdowns[name] ?? []);
  const shown = figures.slice(0, SHOWN_BARS);
  const total = doc.measures.tickets_shown?.value ?? 0;
  const others = total - shown.reduce((sum, { value }) => sum + (value ?? 0), 0);
  const largest = Math.max(1, ...figures.map(({ value }) => value ?? 0));
  const body = table.tBodies[0];
  const rows = new Map([...body.rows].map((row) => [row.dataset.label, row]));
  const wanted = shown.map((figure) => {
    const label = figure.label ?? '(none)';
    const row = rows.get(label) ?? barRow(name, label, table.dataset.beside);
    const number = row.querySelector('[data-measure]');
    showFigure(number, figure.value, 'count');
    row.querySelector('.fill').style.setProperty('--share', String(figure.value / largest));
    if (beside) {
      const extra = row.querySelector('.beside');
      showFigure(extra, besideFigures.get(figure.label)?.value, beside.format);
    }
    return row;
  });
  if (shown.length > 0 && others > 0) {
    wanted.push(
      element(
        'tr',
        { class: 'others' },
        element('th', { scope: 'row' }, 'all others'),
        element('td', { 'aria-hidden': 'true' }),
        element('td', { class: 'number' }, count(others)),
        beside ? element('td', {}) : null,
      ),
    );
  }
  if (wanted.length === 0) {
    wanted.push(element('tr', {}, element('td', { colspan: '4', class: 'none' }, 'none yet')));
  }
  body.replaceChildren(...wanted);
}

function barRow(name, label, besideName) {
  return element(
    'tr',
    { 'data-label': label },
    element('th', { scope: 'row', title: label }, label),
    element(
      'td',
      { 'aria-hidden': 'true', class: 'track-cell' },
      element('div', { class: 'track' }, element('div', { class: 'fill' })),
    ),
    element('td', {
      class: 'number',
      'data-measure': name,
      'data-label': label,
      'data-value': '',
    }),
    besideName
      ? element('td', {
          class: 'number beside',
          'data-measure': besideName,
          'data-label': label,
          'data-value': '',
        })
      : null,
  );
}

function inKnownOrder(name, figures) {
  const order = knownOrders[name] ?? [];
  const place = ({ label }) => (order.includes(label) ? order.indexOf(label) : order.length);
  return figures.toSorted((a, b) => place(a) - place(b));
}

function showBooks(books) {
  const line = document.getElementById('books');
  const bar = document.getElementById('books-bar');
  const hint = document.getElementById('books-hint');
  if (!books) return;
  const explained = bookTerms.reduce((sum, [name]) => sum + books[name], 0);
  const term = (name, words) =>
    element(
      'span',
      { class: `term ${books[name] === 0 ? 'zero' : ''}`, 'data-part': name },
      element(
        'b',
        { 'data-measure': `books_${name}`, 'data-value': String(books[name]) },
        count(books[name]),
      ),
      ` ${words}`,
    );
  line.replaceChildren(
    term('read', 'rows read'),
    ...bookTerms.flatMap(([name, words], index) => [
      index === 0 ? ' = ' : ' + ',
      term(name, words),
    ]),
  );
  const segments = bookTerms
    .filter(([name]) => books[name] > 0)
    .map(([name, words]) => {
      const segment = element('span', {
        'data-part': name,
        title: `${count(books[name])} ${words}`,
      });
      segment.style.setProperty('flex-grow', String(books[name]));
      return segment;
    });
  bar.replaceChildren(...segments);
  const difference = books.read - explained;
  hint.classList.toggle('wrong', difference !== 0);
  hint.textContent =
    difference === 0
      ? 'The books close: every row of the source table is accounted for.'
      : `The books do not close: ${count(difference)} rows are unexplained.`;
}

function showQuarantine(quarantine) {
  const list = document.getElementById('quarantine');
  const items = quarantine.map(({ reasons, count: rows, meaning }) =>
    element(
      'li',
      {},
      element(
        'span',
        {
          class: 'number',
          'data-measure': 'quarantined_by_reasons',
          'data-label': reasons,
          'data-value': String(rows),
        },
        count(rows),
      ),
      element(
        'div',
        {},
        ...meaning.map(({ field, reason, sentence }) =>
          element(
            'p',
            {},
            element('code', {}, field === null ? reason : `${field}: ${reason}`),
            ` ${sentence}`,
          ),
        ),
      ),
    ),
  );
  if (items.length === 0) items.push(element('li', { class: 'none' }, 'Nothing is set aside.'));
  list.replaceChildren(...items);
}

function showDays(figures) {
  const days = lastDays(figures, SHOWN_DAYS);
  const largest = Math.max(1, ...days.map(({ value }) => value));
  const list = document.getElementById('days');
  list.replaceChildren(
    ...days.map(({ day, value }) => {
      const column = element('span', { class: 'column', 'aria-hidden': 'true' });
      column.style.setProperty('--share', String(value / largest));
      return element(
        'li',
        {
          title: `${formatDay(day)}: ${count(value)}`,
          'data-measure': 'tickets_by_day',
          'data-label': day,
          'data-value': String(value),
        },
        column,
        element('span', { class: 'visually-hidden' }, `${formatDay(day)}: ${count(value)}`),
      );
    }),
  );
  document
    .getElementById('days-axis')
    .replaceChildren(
      ...(days.length === 0
        ? [element('span', {}, 'none yet')]
        : [
            element('span', {}, formatDay(days[0].day)),
            element('span', {}, `most in a day: ${count(largest)}`),
            element('span', {}, formatDay(days.at(-1).day)),
          ]),
    );
}

function showRecent(tickets) {
  const rows = tickets.map((ticket) =>
    element(
      'tr',
      { 'data-ticket': ticket.ticket_id ?? '' },
      element('th', { scope: 'row' }, ticket.ticket_id ?? ''),
      element('td', { class: 'nowrap' }, (ticket.created_at ?? '').slice(0, 16)),
      element(
        'td',
        {},
        element('span', { class: 'tag', 'data-status': ticket.status ?? '' }, ticket.status ?? ''),
      ),
      element('td', {}, ticket.priority ?? ''),
      element('td', {}, ticket.issue_category ?? ''),
      element('td', {}, ticket.channel ?? ''),
      element('td', {}, ticket.agent ?? ''),
      element('td', { class: 'number' }, count(ticket.num_interactions)),
    ),
  );
  if (rows.length === 0) {
    rows.push(element('tr', {}, element('td', { colspan: '8', class: 'none' }, 'none yet')));
  }
  document.getElementById('recent').replaceChildren(...rows);
}

/** The catalogue: every measure in words, SQL and DAX. */
export function showDefinitions(measures) {
  document
    .getElementById('definition-list')
    .replaceChildren(
      ...measures.flatMap(({ title, description, population, sql, dax }) => [
        element('dt', {}, title),
        element(
          'dd',
          {},
          element('p', {}, `${description} Over: ${population}.`),
          element('p', {}, element('code', {}, sql)),
          element('p', {}, element('code', {}, dax)),
        ),
      ]),
    );
}

function count(value) {
  return formatFigure(value, 'count');
}

function element(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) node.setAttribute(attribute, value);
  node.append(...children.filter((child) => child !== null));
  return node;
}
