/**
 * Loads a MySQL 8 dump (SQL as it is, or compressed by gzip) into the local MariaDB as it is, streaming it through
 * the rewriter into the `mariadb` client.
 *
 *   const { database, notes } = await loadDump({ file: 'dump.sql', server: mariadb });
 *
 * `USE` and `CREATE DATABASE` of the dump are honoured; a dump that names no database goes into the
 * server's default one.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { pipeline as streamThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { errorText, PipelineError } from '../../runtime/pipeline-error.ts';
import { isGzipped } from './dump-compression.ts';
import { DumpRewriter } from './dump-rewrite.ts';
import type { Mariadb } from './mariadb.ts';
import { findMariadb } from './programs.mjs';

export interface DumpLoadingOptions {
  readonly file: string;
  readonly server: Pick<Mariadb, 'host' | 'port' | 'database' | 'admin'>;
  /** The table that must be there afterwards. Default `support_tickets`. */
  readonly table?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface LoadedDump {
  /** The database that holds the table now. */
  readonly database: string;
  /** What was changed on the way and what looks odd, in words. */
  readonly notes: readonly string[];
}

/**
 * @throws {PipelineError} CFG_9007 with file, line and the server's text if the dump cannot be read
 * or the server refuses a statement (what came before it stays loaded), or if the table is missing.
 */
export async function loadDump(options: DumpLoadingOptions): Promise<LoadedDump> {
  const rewriter = new DumpRewriter();
  const ending = new EndingCheck();
  await feedClient(options, rewriter, ending);
  const database = await findTable(options, rewriter.databases);
  return { database, notes: [...rewriter.notes, ...ending.notes] };
}

async function feedClient(
  options: DumpLoadingOptions,
  rewriter: DumpRewriter,
  ending: EndingCheck,
): Promise<void> {
  const { file, server, signal } = options;
  const programs = findMariadb();
  if (programs === null) throw new PipelineError('CFG_9003', 'the mariadb client is not installed');
  const client = spawn(
    programs.client,
    [
      '--no-defaults',
      '--protocol=tcp',
      `--host=${server.host}`,
      `--port=${server.port}`,
      `--user=${server.admin.user}`,
      '--default-character-set=utf8mb4',
      '--max-allowed-packet=1G',
      // Without it the client would run its own commands in a dump, `\!` (a shell) among them.
      '--binary-mode',
      server.database,
    ],
    {
      env: { ...process.env, MYSQL_PWD: server.admin.password },
      stdio: ['pipe', 'ignore', 'pipe'],
      signal,
    },
  );
  const ended = clientEnd(client);
  const sent = pipeline(dumpChunks(file, rewriter, ending), client.stdin, { signal }).then(
    () => null,
    (error: unknown) => {
      if (isClosedPipe(error)) return null;
      // Killed, so that it does not run the half statement that it has.
      client.kill('SIGKILL');
      return { error };
    },
  );
  const [failure, { code, errors }] = await Promise.all([sent, ended]);
  signal?.throwIfAborted();
  if (failure?.error instanceof PipelineError) throw failure.error;
  if (failure !== null) {
    const cause = failure.error;
    throw new PipelineError('CFG_9007', `${file} cannot be read: ${errorText(cause)}`, { cause });
  }
  if (code !== 0) throw loadError(file, errors);
}

/** A client that gave up has closed its input; why, it says itself. */
function isClosedPipe(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE';
}

interface ClientEnd {
  readonly code: number | null;
  readonly errors: string;
}

function clientEnd(client: ChildProcess): Promise<ClientEnd> {
  let errors = '';
  client.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString('utf8')));
  return new Promise((resolve) => {
    client.once('close', (code) =>
      resolve({ code, errors: errors.trim() || `the client ended with code ${code ?? 'unknown'}` }),
    );
    client.once('error', (error) => resolve({ code: null, errors: error.message }));
  });
}

/** The client says `ERROR 1064 (42000) at line 12: You have an error in …`. */
function loadError(file: string, clientText: string): PipelineError {
  const found = /^ERROR (\d+) \(\w+\) at line (\d+)[^:]*: ([\s\S]*)$/m.exec(clientText);
  if (found === null) return new PipelineError('CFG_9007', `${file}: ${clientText}`);
  const [, errno = '', line = '', text = ''] = found;
  return new PipelineError('CFG_9007', `${file}, line ${line}: ${text} (server error ${errno})`, {
    context: { file, line: Number(line), errno: Number(errno) },
  });
}

async function* dumpChunks(
  file: string,
  rewriter: DumpRewriter,
  ending: EndingCheck,
): AsyncGenerator<Buffer> {
  const isPacked = await isGzipped(file);
  const raw = createReadStream(file, { highWaterMark: 256 * 1024 });
  const chunks = isPacked ? streamThrough(raw, createGunzip(), () => undefined) : raw;
  let first = true;
  for await (const chunk of chunks as AsyncIterable<Buffer>) {
    const bytes = first ? withoutByteOrderMark(chunk, file) : chunk;
    first = false;
    ending.push(bytes);
    yield rewriter.push(bytes);
  }
  yield rewriter.end();
}

function withoutByteOrderMark(chunk: Buffer, file: string): Buffer {
  if (chunk.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf]))) return chunk.subarray(3);
  const mark = chunk.subarray(0, 2).toString('hex');
  if (mark !== 'fffe' && mark !== 'feff') return chunk;
  throw new PipelineError(
    'CFG_9007',
    `${file} is in UTF-16, as PowerShell's > writes it; dump again with mysqldump --result-file=FILE`,
  );
}

/** mysqldump ends a whole dump with a line of its own; without it the file may have been cut. */
class EndingCheck {
  #start = '';
  #end = '';

  push(chunk: Buffer): void {
    if (this.#start.length < 2000) this.#start += chunk.subarray(0, 2000).toString('latin1');
    this.#end = (this.#end + chunk.subarray(-300).toString('latin1')).slice(-300);
  }

  get notes(): string[] {
    const isDump = /^-- (MySQL|MariaDB) dump/m.test(this.#start);
    if (!isDump || this.#end.includes('-- Dump completed')) return [];
    return ['the dump has no line "-- Dump completed": it may have been cut short'];
  }
}

/** The table's database: the one that the dump used last, if several hold such a table. */
async function findTable(
  { file, server, table = 'support_tickets' }: DumpLoadingOptions,
  used: readonly string[],
): Promise<string> {
  const { host, port, admin } = server;
  const login = { host, port, user: admin.user, password: admin.password };
  const connection = await createConnection(login);
  try {
    const [rows] = await connection.query<RowDataPacket[]>(
      `SELECT TABLE_SCHEMA AS name FROM information_schema.TABLES
       WHERE TABLE_NAME = ? AND TABLE_TYPE = 'BASE TABLE'`,
      [table],
    );
    const holders = rows.map((row) => String(row['name']));
    const preferred = [...used].reverse().concat(server.database, holders);
    const database = preferred.find((name) => holders.includes(name));
    if (database !== undefined) return database;
  } finally {
    await connection.end();
  }
  const where = [...new Set([...used, server.database])].join(', ');
  throw new PipelineError('CFG_9007', `${file} holds no table ${table} (looked in ${where})`);
}
