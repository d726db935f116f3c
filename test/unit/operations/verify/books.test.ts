import { describe, expect, it } from 'vitest';
import { booksClose, booksLine, emptyBooks } from '../../../../operations/verify/books.ts';

describe('books', () => {
  const books = { ...emptyBooks, read: 10, shown: 5, repeats: 2, quarantined: 2 };

  it('are told as a sum without the terms that are zero', () => {
    expect(booksLine({ ...books, quarantined_repeats: 1 })).toBe(
      '10 = 5 shown + 2 repeats + 2 quarantined + 1 repeats of those',
    );
    expect(booksLine(emptyBooks)).toBe('0 = 0');
  });

  it('say so when the terms do not add up', () => {
    expect(booksLine(books)).toBe('10 ≠ 5 shown + 2 repeats + 2 quarantined');
  });

  it('close only when every row is in an explained term', () => {
    expect(booksClose({ ...books, superseded: 1 })).toBe(true);
    expect(booksClose({ ...books, in_flight: 1 })).toBe(true);
    expect(booksClose(books)).toBe(false);
    expect(booksClose({ ...books, unexplained: 1 })).toBe(false);
  });
});
