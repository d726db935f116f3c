/**
 * What became of every row that the source holds now. Each row is counted in exactly one term, so
 * `read` is their sum; `unexplained` is what differs, also in what the warehouse holds beyond it.
 */
export interface Books {
  readonly read: number;
  readonly shown: number;
  readonly repeats: number;
  readonly superseded: number;
  readonly quarantined: number;
  readonly quarantined_repeats: number;
  readonly dead_lettered: number;
  readonly in_flight: number;
  readonly unexplained: number;
}

export const emptyBooks: Books = {
  read: 0,
  shown: 0,
  repeats: 0,
  superseded: 0,
  quarantined: 0,
  quarantined_repeats: 0,
  dead_lettered: 0,
  in_flight: 0,
  unexplained: 0,
};

/** The terms in which a row can be counted. */
export type BooksTerm = Exclude<keyof Books, 'read'>;

const terms: readonly (readonly [BooksTerm, string])[] = [
  ['shown', 'shown'],
  ['repeats', 'repeats'],
  ['superseded', 'superseded'],
  ['quarantined', 'quarantined'],
  ['quarantined_repeats', 'repeats of those'],
  ['dead_lettered', 'dead-lettered'],
  ['in_flight', 'in flight'],
  ['unexplained', 'unexplained'],
];

/** Sum of all terms: `read`, if the books close. */
function sumOfTerms(books: Books): number {
  return terms.reduce((sum, [term]) => sum + books[term], 0);
}

/** Whether every row that was read is accounted for. */
export function booksClose(books: Books): boolean {
  return books.unexplained === 0 && sumOfTerms(books) === books.read;
}

/** Such as `810 = 607 shown + 47 repeats + 139 quarantined + 17 repeats of those`. */
export function booksLine(books: Books): string {
  const parts = terms
    .filter(([term]) => books[term] !== 0)
    .map(([term, words]) => `${books[term]} ${words}`);
  const sign = sumOfTerms(books) === books.read ? '=' : '≠';
  return `${books.read} ${sign} ${parts.join(' + ') || '0'}`;
}
