/** What all pages do: listen to their events, show each document, and say how old it is. */

import { byId, count, setText } from '../element.js';
import { formatAge, formatLocally, formatTime } from '../number-format.js';
import { showDefinitions } from './definitions.js';
import { problemOf, stateOf } from './page-state.js';

const RECONNECT_MS = 3_000;
/** The server is heard every 15 s. A connection that a sleep has cut does not say so. */
const SILENT_MS = 45_000;
const ANNOUNCE_EVERY_MS = 60_000;

/**
 * Starts a page.
 *
 * @param {object} page
 * @param {string} page.name the page's name, its event's and its document's
 * @param {(doc: object) => void} page.show writes a document into the page
 * @param {(doc: object) => [string, string, {href: string, words: string}?] | null} page.emptiness title,
 *   text and a way out while there are no rows
 * @param {(doc: object) => {value: number | undefined, unit: string}} page.headline for screen readers
 * @param {(measure: object) => boolean} page.defines which measures of the catalogue it explains
 * @param {(nowMs: number) => void} [page.onTick] called every second with the server's time
 * @param {(news: object) => void} [page.onPulse] called when something moved without a batch
 * @returns {{go: (address: string, options?: {replace: boolean}) => void}} `go` shows another
 *   address of the same page; to `replace` the one that is shown leaves no way back to it
 */
export function startLivePage(page) {
  const view = {
    connection: 'connecting',
    source: null,
    /** The query of the address that is shown. */
    search: '',
    /** The latest document, and when it says that it is complete. */
    doc: null,
    completeUpToMs: null,
    /** Why the server shows nothing to us: `none` or `full`. */
    refused: null,
    /** What to add to this machine's clock to have the server's. */
    clockOffsetMs: 0,
    heardAtMs: 0,
    announced: '',
    announcedAtMs: -Infinity,
  };

  function connect() {
    view.search = window.location.search;
    const source = new EventSource(`api/events/${page.name}${view.search}`);
    view.source = source;
    view.heardAtMs = Date.now();
    const on = (name, act) =>
      source.addEventListener(name, (event) => {
        // Another address is shown by now: this is old news.
        if (view.source !== source) return;
        view.heardAtMs = Date.now();
        act(event);
      });
    on('open', () => setConnection('open'));
    on('alive', () => undefined);
    on(page.name, (event) => onDocument(JSON.parse(event.data)));
    on('freshness', (event) => onFreshness(JSON.parse(event.data)));
    on('refused', (event) => {
      view.refused = JSON.parse(event.data).reason;
      view.doc = null;
      delete document.body.dataset.turning;
      byId('content').setAttribute('aria-busy', 'false');
      showState();
    });
    on('error', () => {
      if (view.refused === 'none') source.close();
      else if (view.refused === null) setConnection('lost');
      // After a refusal of the request the browser does not try again by itself.
      if (source.readyState === EventSource.CLOSED && view.refused !== 'none') {
        setTimeout(() => view.source === source && connect(), RECONNECT_MS);
      }
    });
  }

  /** The same page at another address: its figures stay until the new ones are there. */
  function reconnect() {
    view.source?.close();
    view.refused = null;
    document.body.dataset.turning = 'true';
    byId('content').setAttribute('aria-busy', 'true');
    connect();
    showState();
  }

  /** Asks anew when nothing was heard for so long that nothing will be. */
  function reconnectIfSilent() {
    if (Date.now() - view.heardAtMs <= SILENT_MS || view.refused === 'none') return;
    view.source?.close();
    setConnection('lost');
    connect();
  }

  function go(address, { replace = false } = {}) {
    window.history[replace ? 'replaceState' : 'pushState'](null, '', address);
    reconnect();
  }

  function setConnection(connection) {
    view.connection = connection;
    showState();
  }

  function onDocument(doc) {
    view.doc = doc;
    view.refused = null;
    view.connection = 'open';
    onFreshness(doc);
    const known = doc.state === 'live' || doc.state === 'stale';
    if (known) page.show(doc);
    const empty = known ? page.emptiness(doc) : null;
    document.body.dataset.empty = String(empty !== null);
    byId('empty').hidden = empty === null;
    setText(byId('empty-title'), empty?.[0] ?? '');
    setText(byId('empty-text'), empty?.[1] ?? '');
    const way = empty?.[2] ?? null;
    byId('empty-action').parentElement.hidden = way === null;
    if (way !== null) {
      byId('empty-action').href = way.href;
      byId('empty-action').toggleAttribute('data-same-page', way.href === window.location.pathname);
      setText(byId('empty-action'), way.words);
    }
    const busy = doc.state === 'loading';
    if (!busy) delete document.body.dataset.turning;
    byId('content').setAttribute('aria-busy', String(busy));
    setText(byId('batch'), sourceText(doc));
    byId('as-json').href = `api/${page.name}${window.location.search}`;
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
    const { words, kind } = stateOf(view, ageMs);
    const time = view.completeUpToMs === null ? null : formatTime(view.completeUpToMs, nowMs);

    document.body.dataset.state = view.doc?.state ?? (view.refused ? 'refused' : 'loading');
    document.body.dataset.connection = view.connection;
    byId('freshness').dataset.completeUpToMs = view.completeUpToMs ?? '';
    byId('state').dataset.kind = kind;
    setText(byId('state'), words);
    setText(byId('complete-up-to'), time ?? 'not known yet');
    if (view.completeUpToMs !== null) {
      byId('complete-up-to').dateTime = new Date(view.completeUpToMs).toISOString();
      byId('complete-up-to').title = `${formatLocally(view.completeUpToMs)} where you are`;
    }
    setText(byId('age'), ageMs === null ? '' : formatAge(ageMs));

    const problem = problemOf(view, time);
    byId('problem').hidden = problem === null;
    if (problem) {
      setText(byId('problem-title'), problem.title);
      setText(byId('problem-text'), problem.text);
    }
    page.onTick?.(nowMs);
    announce(words, time, nowMs);
  }

  /** Told to screen readers: every change of the state, and the time once a minute, no more. */
  function announce(words, time, nowMs) {
    const changed = words !== view.announced;
    if (!changed && nowMs - view.announcedAtMs < ANNOUNCE_EVERY_MS) return;
    const { value, unit } = view.doc ? page.headline(view.doc) : {};
    const figures = value === undefined || value === null ? '' : ` ${count(value)} ${unit}.`;
    view.announced = words;
    view.announcedAtMs = nowMs;
    byId('announcer').textContent =
      time === null ? `${words}.${figures}` : `${words}.${figures} Complete up to ${time}.`;
  }

  /** Links to other addresses of this page need no new page. */
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[data-same-page]');
    const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0);
    if (link === null || !plain) return;
    event.preventDefault();
    go(link.href);
  });
  window.addEventListener('popstate', () => {
    // A place within the page is no other address.
    if (window.location.search !== view.search) reconnect();
  });
  showDefinitions(byId('definitions'), page.defines);
  setInterval(() => {
    reconnectIfSilent();
    showState();
  }, 1_000);
  connect();
  return { go };
}

function sourceText({ batch, queriedAtMs, nowMs }) {
  if (queriedAtMs === null) return '';
  const when = `read from the warehouse ${formatTime(queriedAtMs, nowMs)}`;
  return batch ? `Batch ${batch.batch_id}, ${when}` : `${when[0].toUpperCase()}${when.slice(1)}`;
}
