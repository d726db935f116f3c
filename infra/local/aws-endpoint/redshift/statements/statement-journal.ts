import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientBase, Pool } from 'pg';
import { z } from 'zod';
import type { EndStatus, Statement } from './statement.ts';

/** For so long the Data API knows a client token (data-api, "Idempotency"). */
export const TOKEN_HOURS = 8;
const OLDEST_TOKEN = `now() - INTERVAL '${TOKEN_HOURS} hours'`;

const PATIENT_ATTEMPTS = 20;
const PATIENT_PAUSE_MS = 500;

/** After so many entries the expired ones are removed. */
const SWEEP_EVERY = 500;

const outcomeSchema = z.object({
  status: z.enum(['STARTED', 'FINISHED', 'FAILED', 'ABORTED']),
  error: z.string().optional(),
  batch: z.boolean(),
  createdAtMs: z.number(),
  updatedAtMs: z.number(),
  durationMs: z.number(),
  pid: z.number(),
  parts: z.array(
    z.object({
      status: z.enum(['SUBMITTED', 'PICKED', 'STARTED', 'FINISHED', 'FAILED', 'ABORTED']),
      error: z.string().optional(),
      durationMs: z.number(),
      rows: z.number(),
    }),
  ),
});

/** How a call of an earlier life of the endpoint went; without its SQL and its rows. */
export interface RecordedStatement {
  readonly id: string;
  readonly requestHash: string;
  readonly outcome: z.infer<typeof outcomeSchema>;
}

interface JournalRow {
  readonly statement_id: string;
  readonly request_hash: string;
  readonly outcome: unknown;
}

/**
 * Remembers in PostgreSQL which client tokens have run. The entry of a transaction is written by
 * that transaction: when the endpoint is killed between commit and reply, the token is known after
 * the restart, and when the transaction rolled back, it is not.
 */
export class StatementJournal {
  readonly #pool: Pool;
  #entries = 0;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  findToken(token: string): Promise<RecordedStatement | undefined> {
    return this.#find('client_token = $1', token);
  }

  /** The same while PostgreSQL comes up again; gives up after some seconds. */
  async findTokenPatiently(token: string): Promise<RecordedStatement | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.findToken(token);
      } catch (error) {
        if (attempt === PATIENT_ATTEMPTS) throw error;
        await sleep(PATIENT_PAUSE_MS);
      }
    }
  }

  findId(id: string): Promise<RecordedStatement | undefined> {
    return this.#find('statement_id = $1', id);
  }

  /**
   * Writes or rewrites the entry of a call that has a token.
   *
   * @param client the connection whose transaction the entry belongs to.
   * @param status how the call ends if this transaction commits; STARTED for a call whose
   *   statements commit one by one.
   * @throws PostgreSQL's 23505 when an earlier life of the endpoint has committed this token.
   */
  async record(
    client: ClientBase,
    statement: Statement,
    status: EndStatus | 'STARTED',
    error?: string,
  ): Promise<void> {
    const token = statement.request.clientToken;
    if (token === undefined) return;
    // What the sweep has left of it: a token that is forgotten may be used again.
    await client.query(
      `DELETE FROM data_api.statements WHERE client_token = $1 AND recorded_at < ${OLDEST_TOKEN}`,
      [token],
    );
    await client.query(
      `INSERT INTO data_api.statements (client_token, statement_id, request_hash, outcome)
       VALUES ($1, $2, $3, $4)
       ON CONFLICT (statement_id) DO UPDATE SET outcome = EXCLUDED.outcome`,
      [token, statement.id, statement.request.hash, outcomeOf(statement, status, error)],
    );
    this.#entries += 1;
  }

  /** Records an end outside of the call's transaction, which was rolled back. */
  async recordEnd(statement: Statement, status: EndStatus, error?: string): Promise<void> {
    const client = await this.#pool.connect();
    try {
      await this.record(client, statement, status, error);
    } finally {
      client.release();
    }
  }

  /** Removes expired entries from time to time. */
  async sweep(): Promise<void> {
    if (this.#entries < SWEEP_EVERY) return;
    this.#entries = 0;
    await this.#pool.query(`DELETE FROM data_api.statements WHERE recorded_at < ${OLDEST_TOKEN}`);
  }

  async #find(condition: string, value: string): Promise<RecordedStatement | undefined> {
    const { rows } = await this.#pool.query<JournalRow>(
      `SELECT statement_id, request_hash, outcome FROM data_api.statements
       WHERE ${condition} AND recorded_at >= ${OLDEST_TOKEN}`,
      [value],
    );
    const [row] = rows;
    return (
      row && {
        id: row.statement_id,
        requestHash: row.request_hash,
        outcome: outcomeSchema.parse(row.outcome),
      }
    );
  }
}

function outcomeOf(statement: Statement, status: EndStatus | 'STARTED', error?: string): string {
  return JSON.stringify({
    status,
    error,
    batch: statement.request.operation === 'BatchExecuteStatement',
    createdAtMs: statement.createdAtMs,
    updatedAtMs: Date.now(),
    durationMs: statement.durationMs,
    pid: statement.pid,
    parts: statement.parts.map((part) => ({
      status: part.status,
      error: part.error,
      durationMs: part.durationMs,
      rows: part.rows,
    })),
  } satisfies z.input<typeof outcomeSchema>);
}
