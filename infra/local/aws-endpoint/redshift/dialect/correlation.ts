import { DialectError } from './dialect-error.ts';
import type { Token } from './tokens.ts';

/** Where a query block stands in the one around it. */
export type BlockPlace = 'statement' | 'from' | 'scalar' | 'exists' | 'in';

interface Reference {
  readonly table: string;
  readonly token: Token;
  /** Query blocks left since it was read. */
  readonly hops: number;
}

interface Block {
  readonly place: BlockPlace;
  readonly inOuterJoinCondition: boolean;
  readonly tables: Set<string>;
  readonly references: Reference[];
  hasWindow: boolean;
  hasGroupBy: boolean;
  /** Another aggregate than MIN and MAX. */
  hasAggregate: boolean;
  /** Of WITHIN GROUP. */
  order: string | undefined;
  hasUserTable: boolean;
  /** A function that only the leader node has. */
  leaderNode: Token | undefined;
}

/**
 * Follows which table each qualified column belongs to, and refuses the correlated sub-queries
 * that Amazon Redshift cannot decorrelate (r_correlated_subqueries). Columns without a qualifier
 * are not seen: that would need the catalogue.
 */
export class QueryBlocks {
  readonly #blocks: Block[] = [];
  #varying = 0;

  enter(place: BlockPlace, inOuterJoinCondition = false): void {
    this.#blocks.push({
      place,
      inOuterJoinCondition,
      tables: new Set(),
      references: [],
      hasWindow: false,
      hasGroupBy: false,
      hasAggregate: false,
      order: undefined,
      hasUserTable: false,
      leaderNode: undefined,
    });
  }

  /** How many columns and aggregates have been read: what holds none is constant. */
  get varying(): number {
    return this.#varying;
  }

  noteVarying(): void {
    this.#varying += 1;
  }

  noteUserTable(): void {
    const block = this.#current();
    if (block) block.hasUserTable = true;
  }

  noteLeaderNode(token: Token): void {
    const block = this.#current();
    if (block) block.leaderNode = token;
  }

  declareTable(name: string): void {
    this.#current()?.tables.add(name);
  }

  reference(table: string, token: Token): void {
    this.#current()?.references.push({ table, token, hops: 0 });
  }

  noteWindow(): void {
    const block = this.#current();
    if (block) block.hasWindow = true;
  }

  noteGroupBy(): void {
    const block = this.#current();
    if (block) block.hasGroupBy = true;
  }

  noteAggregate(name: string): void {
    const block = this.#current();
    if (block && name !== 'min' && name !== 'max') block.hasAggregate = true;
  }

  /** Notes the ORDER BY of a WITHIN GROUP. @returns whether all of the block have this one. */
  sharesOrder(order: string): boolean {
    const block = this.#current();
    if (!block) return true;
    block.order ??= order;
    return block.order === order;
  }

  /**
   * Ends the block. @returns whether it refers to a table outside.
   * @throws {DialectError} for a shape that Amazon Redshift does not run.
   */
  leave(statement: string): boolean {
    const block = this.#blocks.pop();
    if (!block) return false;
    if (block.leaderNode && block.hasUserTable) {
      throw new DialectError({
        reason: 'function of the leader node with a user table (c_sql-functions-leader-node)',
        ruling: 'amazon-redshift',
        statement,
        token: block.leaderNode.text,
      });
    }
    const parent = this.#current();
    const open = block.references.filter(({ table }) => !block.tables.has(table));
    for (const reference of open) {
      const reason = refusalOf(block, reference);
      if (reason !== undefined) {
        throw new DialectError({
          reason: `${reason} (r_correlated_subqueries)`,
          ruling: 'amazon-redshift',
          statement,
          token: reference.token.text,
        });
      }
      parent?.references.push({ ...reference, hops: reference.hops + 1 });
    }
    return open.length > 0;
  }

  #current(): Block | undefined {
    return this.#blocks.at(-1);
  }
}

function refusalOf(block: Block, reference: Reference): string | undefined {
  if (reference.hops > 0) {
    // At the statement's own block a name that nobody declared is for PostgreSQL to report.
    return block.place === 'statement' ? undefined : 'correlation that skips a query block';
  }
  if (block.place === 'statement' || block.place === 'from') return undefined;
  if (block.inOuterJoinCondition) return 'correlated sub-query in the ON clause of an outer join';
  if (block.hasWindow) return 'correlated sub-query with a window function';
  if (block.place === 'in' && block.hasGroupBy && block.hasAggregate) {
    return 'correlated IN sub-query with GROUP BY and an aggregate';
  }
  return undefined;
}
