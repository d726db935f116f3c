/** What all pages do: listen to their events, show each document, and say how old it is. */

import { byId, count, element, setText } from './element.js';
import { formatAge, formatTime } from './number-format.js';

/** Older than this, the figures are called behind although everything answers. */
const BEHIND_MS = 5 * 60_000;
const RECONNECT_MS = 3_000;
const ANNOUNCE_EVERY_MS = 60_000;

/**
 * Starts a page.
 *
 * @param {object} page
 * @param {string} page.name the page's name, its event's and its document's
 * @param {(doc: object) => void} page.show writes a document into the page
 * @param {(doc: object) => string[] | null} page.emptiness title and text while there are no rows
 * @param {(doc: object) => {value: number | undefined, unit: string}} page.headline for screen readers
 * @param {(measure: object) => boolean} page.defines which measures of the catalogue it explains
 * @param {(nowMs: number) => void} [page.onTick] called every second with the server's time
 * @param {(news: object) => void} [page.onPulse] called when something moved without a batch
 */
export function startLivePage(page) {
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

  function connect() {
    const source = new EventSource(`api/events/${page.name}`);
    source.addEventListener('open', () => setConnection('open'));
    source.addEventListener(page.name, (event) => onDocument(JSON.parse(event.data)));
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
    const known = doc.state === 'live' || doc.state === 'stale';
    if (known) page.show(doc);
    const empty = known ? page.emptiness(doc) : null;
    byId('empty').hidden = empty === null;
    setText(byId('empty-title'), empty?.[0] ?? '');
    setText(byId('empty-text'), empty ? `${empty[1]} Figures appear here by themselves.` : '');
    byId('content').setAttribute('aria-busy', String(doc.state === 'loading'));
    setText(byId('batch'), sourceText(doc));
  }

  function onFreshness(news) {
    view.clockOffsetMs = news.nowMs - Date.now();
    view.completeUpToMs = news.completeUpToMs;
    page.onPulse?.(news);
    showState();
  }

  /** Time only passes while something counts it. */
  const serverNow = () => Date.now() + view.clockOffsetMs;

  function showState() {
    const nowMs = serverNow();
    const ageMs = view.completeUpToMs === null ? null : nowMs - view.completeUpToMs;
    const [words, kind] = summary(view, ageMs);
    const time = view.completeUpToMs === null ? null : formatTime(view.completeUpToMs, nowMs);

    document.body.dataset.state = view.doc?.state ?? 'loading';
    byId('freshness').dataset.connection = view.connection;
    byId('freshness').dataset.completeUpToMs = view.completeUpToMs ?? '';
    byId('state').dataset.kind = kind;
    setText(byId('state'), words);
    setText(byId('complete-up-to'), time ?? 'not known yet');
    if (view.completeUpToMs !== null) {
      byId('complete-up-to').dateTime = new Date(view.completeUpToMs).toISOString();
    }
    setText(byId('age'), ageMs === null ? '' : formatAge(ageMs));

    const problem = problemText(view, time);
    byId('problem').hidden = problem === null;
    if (problem) {
      setText(byId('problem-title'), problem[0]);
      setText(byId('problem-text'), problem[1]);
    }
    page.onTick?.(nowMs);
    announce(words, time, nowMs);
  }

  /** Told to screen readers: every change of the state, and the time once a minute, no more. */
  function announce(words, time, nowMs) {
    const changed = words !== view.announced;
    if (!changed && nowMs - view.announcedAtMs < ANNOUNCE_EVERY_MS) return;
    const { value, unit } = view.doc ? page.headline(view.doc) : {};
    const figures = value === undefined ? '' : ` ${count(value)} ${unit}.`;
    view.announced = words;
    view.announcedAtMs = nowMs;
    byId('announcer').textContent =
      time === null ? `${words}.${figures}` : `${words}.${figures} Complete up to ${time}.`;
  }

  /** Once, when somebody wants to know. */
  function loadDefinitions() {
    fetch('api/measures')
      .then((response) => response.json())
      .then(({ measures }) => showDefinitions(measures.filter(page.defines)))
      .catch(() => {
        byId('definitions').addEventListener('toggle', loadDefinitions, { once: true });
      });
  }

  byId('definitions').addEventListener('toggle', loadDefinitions, { once: true });
  setInterval(showState, 1_000);
  connect();
}

/** What the pill says, and what colour it has. */
function summary({ connection, doc }, ageMs) {
  if (connection === 'connecting') return ['Connecting', 'waiting'];
  if (connection === 'lost') return ['Reconnecting', 'bad'];
  if (doc?.state === 'unavailable') return ['No figures', 'bad'];
  if (doc?.state === 'stale') return ['Stale', 'bad'];
  if (doc?.state !== 'live') return ['Reading', 'waiting'];
  return ageMs !== null && ageMs > BEHIND_MS ? ['Behind', 'warn'] : ['Live', 'good'];
}

/** The problem in words, or null. Without its age, which ticks: an alert is read out when it changes. */
function problemText({ connection, doc }, time) {
  const kept = time === null ? '' : ` The figures below are complete up to ${time}.`;
  if (connection === 'lost') {
    return ['The connection to this page’s server is lost', `It is tried again by itself.${kept}`];
  }
  if (!doc?.problem) return null;
  const { code, cause, remedy } = doc.problem;
  return [`${code}: ${cause}`, `${remedy} This page keeps trying.${kept}`];
}

function sourceText({ batch, queriedAtMs, nowMs }) {
  if (queriedAtMs === null) return '';
  const when = `read from the warehouse ${formatTime(queriedAtMs, nowMs)}`;
  return batch ? `Batch ${batch.batch_id}, ${when}` : `${when[0].toUpperCase()}${when.slice(1)}`;
}

/** The catalogue: every measure in words, SQL and DAX. */
function showDefinitions(measures) {
  byId('definition-list').replaceChildren(
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
