/**
 * What a page is narrowed down to stands in its address: it can be shared and kept, and the
 * browser's back button takes a choice back.
 */

/** Ranges that end with the newest day of the data, in days. */
export const LAST_DAYS = [1, 7, 30];

/**
 * What an address asks for, as far as it can be told before the server has answered. `last` stands
 * beside the days that it means, for whoever keeps the address until there are newer ones.
 */
export function filterOf(search) {
  const query = new URLSearchParams(search);
  const own = ['from', 'to', 'page', 'last'];
  const names = new Set([...query.keys()].filter((name) => !own.includes(name)));
  return {
    from: query.get('from') || null,
    to: query.get('to') || null,
    values: Object.fromEntries([...names].map((name) => [name, query.getAll(name)])),
    last: lastOf(search),
  };
}

/** @returns {number | null} how many of the last days an address means, whichever they are */
export function lastOf(search) {
  const last = Number(new URLSearchParams(search).get('last'));
  return LAST_DAYS.includes(last) ? last : null;
}

/** A filter, as the query of an address. */
export function filterQuery({ from, to, values, last = null }) {
  const query = new URLSearchParams();
  for (const [name, chosen] of Object.entries(values)) {
    for (const value of chosen) query.append(name, value);
  }
  if (from !== null) query.set('from', from);
  if (to !== null) query.set('to', to);
  if (last !== null) query.set('last', String(last));
  return query;
}

export function addressOf(path, query) {
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

/**
 * The address of a list of what stands behind a place of a chart.
 *
 * @param {string} path of the list
 * @param {object} filter to which the page is narrowed down already, as the server tells it
 * @param {Record<string, string>} place what the place stands for, by column; `from` and `to` too
 */
export function drillAddress(path, filter, place) {
  const query = filterQuery(filter);
  for (const [name, value] of Object.entries(place)) query.set(name, value);
  return addressOf(path, query);
}

/** Days before the data begin are no measure for anything. */
export function isComparable(before, firstDay) {
  return firstDay !== null && before.from >= firstDay;
}

export function isNarrowed({ from, to, values }) {
  return from !== null || to !== null || Object.values(values).some(({ length }) => length > 0);
}
