import { randomUUID } from 'node:crypto';
import type { DataApi, WarehouseRow } from '../../../runtime/redshift/data-api.ts';

export type { WarehouseRow } from '../../../runtime/redshift/data-api.ts';

/** What a person chose: bound, never part of a query's text. */
export type QueryParameters = Readonly<Record<string, string>>;

/** The one thing that the page asks of the warehouse. */
export interface Warehouse {
  /**
   * Runs queries in one transaction, so that all their rows are of one state.
   *
   * @param options.parameters values of `:name` in the queries, never empty, each used at least once.
   * @returns the rows of each query, in the order of the queries.
   * @throws {PipelineError} WH_5001 or WH_5003.
   */
  readTogether(
    queries: readonly string[],
    options: {
      readonly signal: AbortSignal;
      readonly parameters?: QueryParameters | undefined;
    },
  ): Promise<readonly (readonly WarehouseRow[])[]>;
}

/**
 * The warehouse behind the Redshift Data API: a batch is one transaction, and the rows of its n-th
 * statement are the result `<id>:<n>` (Data API reference, GetStatementResult). Redshift
 * Serverless gives a transaction one snapshot (isolation level SNAPSHOT), so the queries of a
 * batch agree with each other whatever the loader commits meanwhile.
 */
export function createRedshiftWarehouse(api: Pick<DataApi, 'runBatch' | 'result'>): Warehouse {
  return {
    async readTogether(queries, { signal, parameters = {} }) {
      const { id } = await api.runBatch(
        { name: 'dashboard', statements: queries, parameters, token: randomUUID() },
        { signal },
      );
      const results = await Promise.all(
        queries.map((_query, index) => api.result(`${id}:${index + 1}`, { signal })),
      );
      return results.map(({ rows }) => rows);
    },
  };
}
