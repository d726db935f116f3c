/** Turns the pages of what is set aside. Originals are shown as text, whatever they hold. */

import { createCopyButton } from '../copy-button.js';
import { byId, count, element, replaceContent, setText } from '../element.js';
import { reasonLine } from '../reasons.js';
import { ticketAddress } from './ticket-rows.js';
import { addressOf } from '../filters/address.js';
import { formatBytes } from '../number-format.js';

export function createQuarantineBrowser() {
  const view = { page: 1, datasets: null, asked: 0, wanted: null };
  const dataset = byId('filter-dataset');
  const reason = byId('filter-reason');
  const newer = byId('page-newer');
  const older = byId('page-older');

  async function load() {
    const asked = (view.asked += 1);
    const query = new URLSearchParams({ page: String(view.page) });
    if (dataset.value) query.set('dataset', dataset.value);
    if (reason.value) query.set('reason', reason.value);
    const found = await fetch(`api/quarantine?${query}`)
      .then((response) => (response.ok ? response.json() : null))
      .catch(() => null);
    // Somebody has gone on meanwhile: that answer counts.
    if (asked !== view.asked) return;
    if (found) showPage(found);
    else setText(byId('browser-count'), 'The list cannot be read now; it is tried again.');
  }

  function showPage({ page, page_size: pageSize, total, rows }) {
    const last = Math.max(1, Math.ceil(total / pageSize));
    if (page > last) {
      view.page = last;
      void load();
      return;
    }
    const first = (page - 1) * pageSize + 1;
    setText(
      byId('browser-count'),
      total === 0
        ? 'Nothing is set aside.'
        : `${count(first)} to ${count(first + rows.length - 1)} of ${count(total)}, the newest first`,
    );
    newer.disabled = page <= 1;
    older.disabled = page >= last;
    const list = byId('browser-rows');
    const opened = new Set(
      [...list.querySelectorAll('details[open]')].map((node) => node.dataset.event),
    );
    replaceContent(list, ...rows.map((row) => rowItem(row, opened.has(row.event_id))));
  }

  /** The reasons that there are, each once, with how many rows have it. */
  function showReasonChoices() {
    const counts = new Map();
    for (const [name, { quarantine }] of Object.entries(view.datasets)) {
      if (dataset.value && dataset.value !== name) continue;
      for (const { reasons, count: rows } of quarantine) {
        for (const each of reasons.split(',')) counts.set(each, (counts.get(each) ?? 0) + rows);
      }
    }
    const wanted = view.wanted ?? reason.value;
    view.wanted = null;
    const chosen = counts.has(wanted) ? wanted : '';
    const choices = [...counts].toSorted((a, b) => b[1] - a[1]);
    reason.replaceChildren(
      element('option', { value: '' }, 'any'),
      ...choices.map(([name, rows]) =>
        element('option', { value: name }, `${name} (${count(rows)})`),
      ),
    );
    reason.value = chosen;
  }

  /** The choice stands in the address, as the filters of the other pages do. */
  function remember() {
    const query = new URLSearchParams();
    if (dataset.value) query.set('dataset', dataset.value);
    if (reason.value) query.set('reason', reason.value);
    if (view.page > 1) query.set('page', String(view.page));
    const address = addressOf(window.location.pathname, query);
    window.history.pushState(null, '', address + window.location.hash);
  }

  /** Reasons are known when the first document is there; until then the wanted one is kept. */
  function recall() {
    const query = new URLSearchParams(window.location.search);
    const page = Number(query.get('page') ?? 1);
    view.page = Number.isSafeInteger(page) && page > 0 ? page : 1;
    view.wanted = query.get('reason') ?? '';
    dataset.value = query.get('dataset') ?? '';
    if (dataset.selectedIndex < 0) dataset.value = '';
    if (view.datasets) {
      showReasonChoices();
      void load();
    }
  }

  function begin() {
    view.page = 1;
    remember();
    void load();
  }

  dataset.addEventListener('change', () => {
    showReasonChoices();
    begin();
  });
  reason.addEventListener('change', begin);
  newer.addEventListener('click', () => turn(-1));
  older.addEventListener('click', () => turn(1));

  function turn(by) {
    view.page = Math.max(1, view.page + by);
    remember();
    void load();
  }

  window.addEventListener('popstate', recall);
  recall();

  return {
    /** A new state of the warehouse: the same page of it is read anew. */
    show(datasets) {
      view.datasets = datasets;
      showReasonChoices();
      void load();
    },
  };
}

function rowItem(row, open) {
  const details = element(
    'details',
    { 'data-event': row.event_id ?? '', ...(open ? { open: '' } : {}) },
    element(
      'summary',
      {},
      element('b', {}, row.ticket_id ?? 'no ticket id'),
      ' ',
      ...row.reasons.split(',').flatMap((reason) => [element('code', {}, reason), ' ']),
      element('span', { class: 'quiet' }, `${row.dataset}, ${row.quarantined_at ?? ''} UTC`),
    ),
    ...row.meaning.map(reasonLine),
    originalOf(row),
    row.ticket_id === null ? null : lifeOf(row.ticket_id),
    element('p', { class: 'hint' }, factsOf(row)),
  );
  return element('li', {}, details);
}

function lifeOf(id) {
  return element(
    'p',
    { class: 'hint' },
    element('a', { href: ticketAddress(id) }, `The life of ${id}`),
  );
}

function originalOf({ original, original_encoding: encoding, meaning }) {
  if (original === null) {
    return element('p', { class: 'hint' }, 'The original could not be read; its bytes are kept.');
  }
  const note = encoding === 'base64' ? 'Bytes that are no text, in base64:\n' : '';
  return element(
    'div',
    { class: 'original' },
    element('pre', {}, note, ...(fieldsOf(original, meaning) ?? [original])),
    createCopyButton(() => original, 'the original'),
  );
}

/**
 * A row of a table line by line, what is wrong in it marked; of a text that would not come back
 * the same, nothing.
 */
function fieldsOf(original, meaning) {
  const row = rowIn(original);
  if (row === null) return null;
  const wrong = new Set(meaning.map(({ field }) => field));
  const lines = Object.entries(row).map(([name, value]) => {
    const line = `${JSON.stringify(name)}: ${JSON.stringify(value)}`;
    return wrong.has(name) ? element('mark', {}, line) : line;
  });
  return ['{', ...lines.flatMap((line, index) => [index === 0 ? '\n  ' : ',\n  ', line]), '\n}'];
}

function rowIn(text) {
  try {
    const row = JSON.parse(text);
    return row !== null && !Array.isArray(row) && JSON.stringify(row) === text ? row : null;
  } catch {
    return null;
  }
}

function factsOf({ original, original_bytes: bytes, copies, ...row }) {
  const cut =
    original !== null && bytes !== null && bytes > new Blob([original]).size
      ? [`the beginning of ${formatBytes(bytes)}`]
      : [];
  return [
    ...cut,
    copies === 1 ? 'stands there once' : `stands there ${count(copies)} times`,
    `event ${row.event_id}`,
    `record ${row.raw_pointer ?? 'unknown'}`,
    `rules of version ${row.rules_version}`,
  ].join(' · ');
}
