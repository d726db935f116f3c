/** The live page: listens to `/api/events`, shows each document, and says how old it is. */

import { showDefinitions, showFigures } from './figures.js';
import { formatAge, formatFigure, formatTime } from './number-format.js';

/** Older than this, the figures are called behind although everything answers. */
const BEHIND_MS = 5 * 60_000;
const RECONNECT_MS = 3_000;
const ANNOUNCE_EVERY_MS = 60_000;

const view = {
  connection: 'connecting',
  /** The latest document, and when it says that it is complete. */
  doc: null,
  completeUpToMs: null,
  /** What to add to this machine's clock to have the server's. */
  clockOffsetMs: 0,
  announced: '',
  announcedAtMs: -Infinity,
};

const byId = (id) => document.getElementById(id);

function connect() {
  const source = new EventSource('api/events');
  source.addEventListener('open', () => setConnection('open'));
  source.addEventListener('tickets', (event) => onDocument(JSON.parse(event.data)));
  source.addEventListener('freshness', (event) => onFreshness(JSON.parse(event.data)));
  source.addEventListener('error', () => {
    setConnection('lost');
    // After a refusal the browser does not try again by itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, RECONNECT_MS);
  });
}

function setConnection(connection) {
  view.connection = connection;
  showState();
}

function onDocument(doc) {
  view.doc = doc;
  view.connection = 'open';
  onFreshness(doc);
  if (doc.state === 'live' || doc.state === 'stale') showFigures(doc);
  showEmptiness(doc);
  byId('figures').setAttribute('aria-busy', String(doc.state === 'loading'));
  byId('batch').textContent = doc.batch
    ? `Batch ${doc.batch.batch_id}, read from the warehouse ${formatTime(doc.queriedAtMs, doc.nowMs)}`
    : '';
}

/** No rows at all: either the source has none, or none has come this far. */
function showEmptiness(doc) {
  byId('empty').hidden = doc.books === null || doc.books.read > 0;
  const loaded = doc.frontiers.length > 0;
  setText(byId('empty-title'), loaded ? 'No tickets' : 'Nothing loaded yet');
  setText(
    byId('empty-text'),
    `${loaded ? 'The source table holds no rows.' : 'The first batch is still on its way.'} ` +
      'Figures appear here by themselves.',
  );
}

function onFreshness({ nowMs, completeUpToMs }) {
  view.clockOffsetMs = nowMs - Date.now();
  view.completeUpToMs = completeUpToMs;
  showState();
}

/** What the pill says, and what colour it has. */
function summary(ageMs) {
  const state = view.doc?.state;
  if (view.connection === 'connecting') return ['Connecting', 'waiting'];
  if (view.connection === 'lost') return ['Reconnecting', 'bad'];
  if (state === 'unavailable') return ['No figures', 'bad'];
  if (state === 'stale') return ['Stale', 'bad'];
  if (state !== 'live') return ['Reading', 'waiting'];
  return ageMs !== null && ageMs > BEHIND_MS ? ['Behind', 'warn'] : ['Live', 'good'];
}

/** The problem in words, or null. Without its age, which ticks: an alert is read out when it changes. */
function problemText(time) {
  const { doc } = view;
  const kept = time === null ? '' : ` The figures below are complete up to ${time}.`;
  if (view.connection === 'lost') {
    return ['The connection to this page’s server is lost', `It is tried again by itself.${kept}`];
  }
  if (!doc?.problem) return null;
  const { code, cause, remedy } = doc.problem;
  return [`${code}: ${cause}`, `${remedy} This page keeps trying.${kept}`];
}

function showState() {
  const nowMs = Date.now() + view.clockOffsetMs;
  const ageMs = view.completeUpToMs === null ? null : nowMs - view.completeUpToMs;
  const [words, kind] = summary(ageMs);
  const time = view.completeUpToMs === null ? null : formatTime(view.completeUpToMs, nowMs);
  const age = ageMs === null ? '' : formatAge(ageMs);

  document.body.dataset.state = view.doc?.state ?? 'loading';
  byId('freshness').dataset.connection = view.connection;
  byId('freshness').dataset.completeUpToMs = view.completeUpToMs ?? '';
  byId('state').dataset.kind = kind;
  setText(byId('state'), words);
  setText(byId('complete-up-to'), time ?? 'not known yet');
  if (view.completeUpToMs !== null) {
    byId('complete-up-to').dateTime = new Date(view.completeUpToMs).toISOString();
  }
  setText(byId('age'), age);

  const problem = problemText(time);
  byId('problem').hidden = problem === null;
  if (problem) {
    setText(byId('problem-title'), problem[0]);
    setText(byId('problem-text'), problem[1]);
  }
  announce(words, time, nowMs);
}

/** Told to screen readers: every change of the state, and the time once a minute, no more. */
function announce(words, time, nowMs) {
  const changed = words !== view.announced;
  if (!changed && nowMs - view.announcedAtMs < ANNOUNCE_EVERY_MS) return;
  const tickets = view.doc?.measures.tickets_shown?.value;
  const figures = tickets === undefined ? '' : ` ${formatFigure(tickets, 'count')} tickets.`;
  view.announced = words;
  view.announcedAtMs = nowMs;
  byId('announcer').textContent =
    time === null ? `${words}.${figures}` : `${words}.${figures} Complete up to ${time}.`;
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Once, when somebody wants to know. */
function loadDefinitions() {
  fetch('api/measures')
    .then((response) => response.json())
    .then(({ measures }) => showDefinitions(measures))
    .catch(() => {
      byId('definitions').addEventListener('toggle', loadDefinitions, { once: true });
    });
}

byId('definitions').addEventListener('toggle', loadDefinitions, { once: true });
setInterval(showState, 1_000);
connect();
