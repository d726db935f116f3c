/**
 * What a page is narrowed down to stands in its address: it can be shared and kept, and the
 * browser's back button takes a choice back.
 */

/** A filter as the server tells it, as the query of an address. */
export function filterQuery({ from, to, values }) {
  const query = new URLSearchParams();
  for (const [name, chosen] of Object.entries(values)) {
    for (const value of chosen) query.append(name, value);
  }
  if (from !== null) query.set('from', from);
  if (to !== null) query.set('to', to);
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
 * @param {object} filter to which the page is narrowed down already
 * @param {Record<string, string>} place what the place stands for, by column; `from` and `to` too
 */
export function drillAddress(path, filter, place) {
  const query = filterQuery(filter);
  for (const [name, value] of Object.entries(place)) query.set(name, value);
  return addressOf(path, query);
}

export function isNarrowed({ from, to, values }) {
  return from !== null || to !== null || Object.values(values).some(({ length }) => length > 0);
}
