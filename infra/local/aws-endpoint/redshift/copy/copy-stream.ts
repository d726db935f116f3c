import { once } from 'node:events';
import type { ClientBase, Connection, Submittable } from 'pg';

/** The part of pg's connection that speaks COPY; its types leave it out. */
interface CopyConnection extends Connection {
  sendCopyFromChunk(chunk: Uint8Array): void;
  endCopyFrom(): void;
  sendCopyFail(message: string): void;
}

/**
 * Sends rows by COPY … FROM STDIN (PostgreSQL, "COPY Operations" of the frontend protocol). Waits
 * while the socket is full.
 *
 * @param chunks the rows; when they fail, the statement fails with their error.
 * @returns the number of rows.
 */
export async function copyFrom(
  client: ClientBase,
  sql: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  client.query(new CopyFromStdin(sql, chunks, resolve, reject));
  return promise;
}

/** What pg's client calls while this is the active query. */
class CopyFromStdin implements Submittable {
  readonly #sql: string;
  readonly #chunks: AsyncIterable<Uint8Array>;
  readonly #resolve: (rows: number) => void;
  readonly #reject: (error: unknown) => void;
  #rows = 0;
  #sourceError: unknown;
  #failed = false;

  constructor(
    sql: string,
    chunks: AsyncIterable<Uint8Array>,
    resolve: (rows: number) => void,
    reject: (error: unknown) => void,
  ) {
    this.#sql = sql;
    this.#chunks = chunks;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(connection: Connection): void {
    connection.query(this.#sql);
  }

  handleCopyInResponse(connection: CopyConnection): void {
    this.#send(connection).catch((error: unknown) => {
      this.#sourceError = error;
      connection.sendCopyFail('the rows could not be read');
    });
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.#rows = Number(/^COPY (\d+)/.exec(message.text)?.[1] ?? 0);
  }

  handleReadyForQuery(): void {
    if (!this.#failed) this.#resolve(this.#rows);
  }

  handleError(error: unknown): void {
    this.#failed = true;
    this.#reject(this.#sourceError ?? error);
  }

  async #send(connection: CopyConnection): Promise<void> {
    for await (const chunk of this.#chunks) {
      if (this.#failed) return;
      connection.sendCopyFromChunk(chunk);
      // A connection that breaks wakes this too; pg then reports the error to this query.
      if (connection.stream.writableNeedDrain) {
        const settled = new AbortController();
        const { signal } = settled;
        await Promise.race([
          once(connection.stream, 'drain', { signal }),
          once(connection.stream, 'close', { signal }),
        ]).finally(() => {
          settled.abort();
        });
      }
    }
    if (!this.#failed) connection.endCopyFrom();
  }
}
