/** Where to go from a page that shows nothing. */

export const whereItIs = { href: 'pipeline', words: 'See where the data is' };

/** The same page with no filter. */
export function everything() {
  return { href: window.location.pathname, words: 'Clear all filters' };
}
