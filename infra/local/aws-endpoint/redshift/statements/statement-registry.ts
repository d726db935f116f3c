import type { Statement } from './statement.ts';
import { TOKEN_HOURS } from './statement-journal.ts';

const HOUR_MS = 3_600_000;
/** For so long statements and their results are kept (data-api, "Considerations"). */
const RETENTION_MS = 24 * HOUR_MS;
/** Beyond these the oldest go earlier, for this endpoint has to stay small. */
const MAX_MEMORY_BYTES = 64 * 1024 * 1024;
const MAX_DISK_BYTES = 2 * 1024 * 1024 * 1024;
/** What a statement costs beside its texts. */
const OVERHEAD_BYTES = 2_048;

interface Entry {
  readonly statement: Statement;
  memoryBytes: number;
  diskBytes: number;
}

/** The statements of this life of the endpoint, the oldest first. */
export class StatementRegistry {
  readonly #entries = new Map<string, Entry>();
  readonly #byToken = new Map<string, Statement>();
  readonly #active = new Set<Statement>();
  #memoryBytes = 0;
  #diskBytes = 0;

  /** Those that have not been settled. */
  get active(): ReadonlySet<Statement> {
    return this.#active;
  }

  all(): readonly Statement[] {
    return [...this.#entries.values()].map(({ statement }) => statement);
  }

  find(id: string): Statement | undefined {
    return this.#entries.get(id)?.statement;
  }

  findToken(token: string): Statement | undefined {
    const statement = this.#byToken.get(token);
    const isFresh = statement && Date.now() - statement.createdAtMs < TOKEN_HOURS * HOUR_MS;
    return isFresh ? statement : undefined;
  }

  add(statement: Statement): void {
    const { request } = statement;
    const memoryBytes = request.sqls.reduce((sum, sql) => sum + sql.length, OVERHEAD_BYTES);
    this.#entries.set(statement.id, { statement, memoryBytes, diskBytes: 0 });
    this.#memoryBytes += memoryBytes;
    this.#active.add(statement);
    if (request.clientToken !== undefined) this.#byToken.set(request.clientToken, statement);
    this.#evict();
  }

  /** Takes an ended statement from the active ones and counts what its results cost. */
  settle(statement: Statement): void {
    this.#active.delete(statement);
    const entry = this.#entries.get(statement.id);
    if (!entry) return;
    for (const { result } of statement.parts) {
      entry.memoryBytes += result?.memoryBytes ?? 0;
      entry.diskBytes += result?.diskBytes ?? 0;
      this.#memoryBytes += result?.memoryBytes ?? 0;
      this.#diskBytes += result?.diskBytes ?? 0;
    }
    this.#evict();
  }

  #evict(): void {
    const oldest = Date.now() - RETENTION_MS;
    for (const [id, entry] of this.#entries) {
      const isFull = this.#memoryBytes > MAX_MEMORY_BYTES || this.#diskBytes > MAX_DISK_BYTES;
      if (!isFull && entry.statement.createdAtMs >= oldest) return;
      if (this.#active.has(entry.statement) || this.#entries.size === 1) continue;
      this.#entries.delete(id);
      this.#memoryBytes -= entry.memoryBytes;
      this.#diskBytes -= entry.diskBytes;
      for (const { result } of entry.statement.parts) result?.discard();
      const token = entry.statement.request.clientToken;
      if (token !== undefined && this.#byToken.get(token) === entry.statement) {
        this.#byToken.delete(token);
      }
    }
  }
}
