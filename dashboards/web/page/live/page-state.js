/** What a page says of itself: a word beside its title, and a notice when something is wrong. Pure. */

/** Older than this, the figures are called behind although everything answers. */
const BEHIND_MS = 5 * 60_000;

/**
 * @param {{connection: string, doc: object | null, refused: string | null}} view
 * @param {number | null} ageMs of the figures
 * @returns {{words: string, kind: 'good' | 'warn' | 'bad' | 'waiting'}}
 */
export function stateOf({ connection, doc, refused }, ageMs) {
  if (refused !== null) return { words: 'No figures', kind: 'bad' };
  if (connection === 'connecting') return { words: 'Connecting', kind: 'waiting' };
  if (connection === 'lost') return { words: 'Reconnecting', kind: 'bad' };
  if (doc?.state === 'unavailable') return { words: 'No figures', kind: 'bad' };
  if (doc?.state === 'stale') return { words: 'Stale', kind: 'bad' };
  if (doc?.state !== 'live') return { words: 'Reading', kind: 'waiting' };
  return ageMs !== null && ageMs > BEHIND_MS
    ? { words: 'Behind', kind: 'warn' }
    : { words: 'Live', kind: 'good' };
}

const refusals = {
  none: {
    title: 'This address asks for what cannot be',
    text: 'A day, a page or a name in it is none. Clear the filters, or go back.',
  },
  full: {
    title: 'Too many different filters are looked at now',
    text: 'Each costs the warehouse queries, so there are only so many at a time. It is tried again by itself.',
  },
};

/**
 * Without the age, which ticks: an alert is read out when it changes.
 *
 * @param {string | null} time up to which the figures are complete
 * @returns {{title: string, text: string} | null}
 */
export function problemOf({ connection, doc, refused }, time) {
  if (refused !== null) return refusals[refused] ?? refusals.none;
  const kept = time === null ? '' : ` The figures below are complete up to ${time}.`;
  if (connection === 'lost') {
    return {
      title: 'The connection to this page’s server is lost',
      text: `It is tried again by itself.${kept}`,
    };
  }
  if (!doc?.problem) return null;
  const { code, cause, remedy } = doc.problem;
  return {
    title: 'The figures cannot be read now',
    text: `${code}: ${cause} ${remedy} It is tried again by itself.${kept}`,
  };
}
