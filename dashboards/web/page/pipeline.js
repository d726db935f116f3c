/** The pipeline page: where each dataset stands, its books, and what is set aside. */

import { showBooks, showDayBooks } from './books.js';
import { byId, count, element, replaceContent, setText } from './element.js';
import { showReasons } from './reasons.js';
import { startLivePage } from './live/live-page.js';
import { formatAge, formatBytes, formatTime } from './number-format.js';
import { createQuarantineBrowser } from './lists/quarantine-browser.js';

const datasets = ['tickets', 'logs'];
const wordsOf = {
  tickets: {
    unit: 'rows',
    whole: 'every row of the source table',
    prefix: 'books_',
    days: 'Books of the tickets by day',
  },
  logs: {
    unit: 'entries',
    whole: 'every entry of the log files',
    prefix: 'log_books_',
    days: 'Books of the system logs by day',
    without: ['superseded'],
  },
};
const browser = createQuarantineBrowser();

startLivePage({
  name: 'pipeline',
  show(doc) {
    for (const name of datasets) {
      const { books, days, verification } = doc.datasets[name];
      showBooks(byId(`${name}-books`), books, wordsOf[name]);
      showDayBooks(byId(`${name}-days`), wordsOf[name].days, days);
      showVerification(name, verification, doc.nowMs);
    }
    const all = datasets
      .flatMap((name) => doc.datasets[name].quarantine)
      .toSorted((a, b) => b.count - a.count);
    showReasons(byId('quarantine-reasons'), all, 'set_aside_by_reasons');
    browser.show(doc.datasets);
  },
  emptiness(doc) {
    const read = datasets.reduce((sum, name) => sum + doc.datasets[name].books.read, 0);
    return read > 0
      ? null
      : [
          'Nothing loaded yet',
          'No row and no log entry has come this far. Figures appear here by themselves.',
        ];
  },
  headline: (doc) => ({
    value: doc.datasets
      ? datasets.reduce((sum, name) => sum + doc.datasets[name].books.shown, 0)
      : undefined,
    unit: 'rows and entries shown',
  }),
  defines: ({ name }) => name.includes('books_'),
  onPulse({ stations, nowMs }) {
    for (const name of datasets) showHops(name, stations[name].hops, nowMs);
    for (const name of datasets) {
      const { completeUpToMs } = stations[name];
      setText(
        byId(`${name}-fresh`),
        completeUpToMs === null
          ? 'Not known how fresh'
          : `Complete up to ${formatTime(completeUpToMs, nowMs)}`,
      );
    }
  },
  onTick(nowMs) {
    for (const node of document.querySelectorAll('[data-seen-at-ms]')) {
      setText(node, `${node.dataset.words} ${formatAge(nowMs - Number(node.dataset.seenAtMs))}`);
    }
  },
});

/** Stations keep their elements: what does not change is not written again. */
function showHops(dataset, hops, nowMs) {
  const list = byId(`${dataset}-hops`);
  if (list.children.length !== hops.length) {
    list.replaceChildren(...hops.map(({ name }) => hopFrame(name)));
  }
  hops.forEach((hop, index) => {
    const item = list.children[index];
    const waiting = waitingOf(hop);
    item.dataset.kind = waiting.kind;
    setText(item.querySelector('.name'), hop.name);
    setText(item.querySelector('.what'), hop.title);
    setText(item.querySelector('.position'), hop.position ? amount(hop.position) : '');
    setText(item.querySelector('.waiting'), waiting.words);
    setText(item.querySelector('.detail'), hop.detail);
    const seen = item.querySelector('.seen');
    seen.hidden = hop.seenAtMs === null;
    seen.dataset.words = seenWords[hop.name] ?? 'seen';
    seen.dataset.seenAtMs = hop.seenAtMs ?? nowMs;
  });
}

/** What the time of a station means. */
const seenWords = {
  'cdc-reader': 'heartbeat',
  'log-shipper': 'heartbeat',
  'warehouse-loader': 'last batch',
  warehouse: 'newest change',
};

function hopFrame(name) {
  return element(
    'li',
    { 'data-hop': name },
    element(
      'p',
      { class: 'hop-head' },
      element('b', { class: 'name' }),
      ' ',
      element('span', { class: 'quiet what' }),
      ' ',
      element('span', { class: 'waiting' }),
    ),
    element(
      'p',
      { class: 'hop-facts' },
      element('span', { class: 'position' }),
      element('span', { class: 'seen' }),
      element('span', { class: 'detail' }),
    ),
  );
}

function waitingOf({ waiting, position, seenAtMs }) {
  if (waiting === null) {
    return position === null && seenAtMs === null
      ? { kind: 'unknown', words: 'not known' }
      : { kind: 'plain', words: '' };
  }
  return waiting.value === 0
    ? { kind: 'good', words: 'nothing waits' }
    : { kind: 'busy', words: `${amount(waiting)} to do` };
}

function amount({ value, unit }) {
  if (unit === 'bytes') return formatBytes(value);
  return `${count(value)} ${value === 1 ? unit.replace(/s$/, '') : unit}`;
}

function showVerification(dataset, verification, nowMs) {
  const line = byId(`${dataset}-verified`);
  line.dataset.ok = verification ? String(verification.ok) : '';
  if (!verification) {
    replaceContent(
      line,
      element('span', {}, 'Never verified against the source: '),
      element('code', {}, 'careplus verify'),
      element('span', {}, ' does it.'),
    );
    return;
  }
  const { ok, differences, verifiedAtMs } = verification;
  const found = ok ? 'every cell equal' : `${count(differences)} differences`;
  setText(line, `Verified against the source ${formatTime(verifiedAtMs, nowMs)}: ${found}.`);
}
