/** What the state folder remembers: its version, its feed, and how far the feed was loaded. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { errorText, PipelineError } from '../../runtime/pipeline-error.ts';

/** 2: a feed is tickets and logs. */
const VERSION = 2;

const ticketFeedSchema = z.discriminatedUnion('kind', [
  /** A dump of a MySQL database, known by its content. */
  z.strictObject({ kind: z.literal('dump'), file: z.string(), sha256: z.string() }),
  /** Tickets that the project generates, and that keep living. */
  z.strictObject({ kind: z.literal('generated'), seed: z.number().int() }),
  /** An empty table. */
  z.strictObject({ kind: z.literal('empty') }),
]);
export type TicketFeed = z.infer<typeof ticketFeedSchema>;

const logFeedSchema = z.discriminatedUnion('kind', [
  /** A person's folder, read in place and never written to. */
  z.strictObject({ kind: z.literal('folder'), directory: z.string() }),
  /** Files that the project generates in the state folder, and that keep growing. */
  z.strictObject({ kind: z.literal('generated'), seed: z.number().int() }),
  /** An empty folder in the state folder. */
  z.strictObject({ kind: z.literal('empty') }),
]);
export type LogFeed = z.infer<typeof logFeedSchema>;

const feedSchema = z.strictObject({ tickets: ticketFeedSchema, logs: logFeedSchema });
export type Feed = z.infer<typeof feedSchema>;

const stateSchema = z.strictObject({
  version: z.literal(VERSION),
  feed: feedSchema,
  /** `loading`: a start was broken off while it loaded; the database is dropped and loaded anew. */
  loaded: z.enum(['no', 'loading', 'yes']),
  /** Database that holds the captured table, once loaded. */
  database: z.string().nullable(),
  /** Datasets whose tables were found there: they stay captured when a table is dropped. */
  datasets: z.array(z.string()).default([]),
});
export type LocalState = z.infer<typeof stateSchema>;

/** Reads the version of whatever is there. */
const versionSchema = z
  .looseObject({ version: z.number().optional().catch(undefined) })
  .catch({ version: undefined });

function stateFile(stateDir: string): string {
  return path.join(stateDir, 'state.json');
}

/**
 * @returns the remembered state, or undefined in a new folder.
 * @throws {PipelineError} CFG_9005 when the folder is of another version or is not ours.
 */
export function readState(stateDir: string): LocalState | undefined {
  const file = stateFile(stateDir);
  if (!existsSync(file)) return undefined;
  const refuse = (why: string, cause?: unknown) =>
    new PipelineError(
      'CFG_9005',
      `${file}: ${why}; --fresh begins anew, --state DIR uses another folder`,
      {
        cause,
      },
    );
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw refuse('not readable', cause);
  }
  const { version } = versionSchema.parse(json);
  if (version !== VERSION) {
    const found = version === undefined ? 'no version' : `version ${version}`;
    throw refuse(`holds a state of ${found}, this is version ${VERSION}`);
  }
  const parsed = stateSchema.safeParse(json);
  if (!parsed.success) throw refuse('not a state of this program', parsed.error);
  return parsed.data;
}

/**
 * Replaces the remembered state as a whole; the first thing that a start writes.
 * @throws {PipelineError} CFG_9012 where no such folder can be, or nothing be written.
 */
export function writeState(stateDir: string, state: LocalState): void {
  const file = stateFile(stateDir);
  try {
    makeFolders(stateDir);
    writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`);
    renameSync(`${file}.new`, file);
  } catch (cause) {
    throw new PipelineError('CFG_9012', `${stateDir}: ${errorText(cause)}`, { cause });
  }
}

/**
 * Makes a folder in the state folder, or itself, and those above it.
 * @throws {PipelineError} CFG_9012.
 */
export function makeStateFolder(stateDir: string, name = ''): string {
  const folder = path.join(stateDir, name);
  try {
    makeFolders(folder);
    return folder;
  } catch (cause) {
    throw new PipelineError('CFG_9012', `${folder}: ${errorText(cause)}`, { cause });
  }
}

/** One after the other: below /proc Node's own recursion tries for ever. */
function makeFolders(folder: string): void {
  if (existsSync(folder)) return;
  makeFolders(path.dirname(folder));
  mkdirSync(folder);
}

/** Folder of the feed's log files: the person's own, or one in the state folder. */
export function logFolder(stateDir: string, { logs }: Feed): string {
  return logs.kind === 'folder' ? logs.directory : path.resolve(stateDir, 'server-logs');
}

/** @returns whether two feeds are the same: a dump is known by its content, a folder by its path. */
export function sameFeed(a: Feed, b: Feed): boolean {
  return sameTickets(a.tickets, b.tickets) && sameLogs(a.logs, b.logs);
}

function sameTickets(a: TicketFeed, b: TicketFeed): boolean {
  if (a.kind === 'dump' && b.kind === 'dump') return a.sha256 === b.sha256;
  if (a.kind === 'generated' && b.kind === 'generated') return a.seed === b.seed;
  return a.kind === b.kind;
}

function sameLogs(a: LogFeed, b: LogFeed): boolean {
  if (a.kind === 'folder' && b.kind === 'folder') return a.directory === b.directory;
  if (a.kind === 'generated' && b.kind === 'generated') return a.seed === b.seed;
  return a.kind === b.kind;
}

/** @returns a feed in words, for messages. */
export function describeFeed({ tickets, logs }: Feed): string {
  return `${describeTickets(tickets)} and ${describeLogs(logs)}`;
}

function describeTickets(feed: TicketFeed): string {
  switch (feed.kind) {
    case 'dump':
      return `the dump ${feed.file}`;
    case 'generated':
      return `generated tickets (seed ${feed.seed})`;
    case 'empty':
      return 'an empty ticket table';
  }
}

function describeLogs(feed: LogFeed): string {
  switch (feed.kind) {
    case 'folder':
      return `the logs in ${feed.directory}`;
    case 'generated':
      return `generated logs (seed ${feed.seed})`;
    case 'empty':
      return 'no logs';
  }
}
