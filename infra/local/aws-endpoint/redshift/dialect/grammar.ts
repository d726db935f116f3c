import type { BlockPlace, QueryBlocks } from './correlation.ts';
import type { TokenCursor } from './token-cursor.ts';

/** The rules that call each other: an expression holds queries, a query holds expressions. */
export interface Grammar {
  readonly cursor: TokenCursor;
  readonly blocks: QueryBlocks;
  /** A whole expression, AND and OR included. */
  expression(): void;
  /** A query without its parentheses, as a block of its own. */
  query(place: BlockPlace): void;
  /** `item, item, …` after ORDER BY. */
  orderItems(place: 'query' | 'window'): void;
}
