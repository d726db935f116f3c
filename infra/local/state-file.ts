/** What the state folder remembers: its version, its feed, and how far the feed was loaded. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { PipelineError } from '../../runtime/pipeline-error.ts';

const VERSION = 1;

const feedSchema = z.discriminatedUnion('kind', [
  /** A dump of a MySQL database, known by its content. */
  z.strictObject({ kind: z.literal('dump'), file: z.string(), sha256: z.string() }),
  /** Tickets that the project generates, and that keep living. */
  z.strictObject({ kind: z.literal('generated'), seed: z.number().int() }),
  /** An empty table. */
  z.strictObject({ kind: z.literal('empty') }),
]);
export type Feed = z.infer<typeof feedSchema>;

const stateSchema = z.strictObject({
  version: z.literal(VERSION),
  feed: feedSchema,
  /** `loading`: a start was broken off while it loaded; the database is dropped and loaded anew. */
  loaded: z.enum(['no', 'loading', 'yes']),
  /** Database that holds the captured table, once loaded. */
  database: z.string().nullable(),
});
export type LocalState = z.infer<typeof stateSchema>;

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
  const parsed = stateSchema.safeParse(json);
  if (!parsed.success) throw refuse('written by another version', parsed.error);
  return parsed.data;
}

/** Replaces the remembered state as a whole. */
export function writeState(stateDir: string, state: LocalState): void {
  mkdirSync(stateDir, { recursive: true });
  const file = stateFile(stateDir);
  writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

/** @returns whether two feeds are the same: a dump is known by its content, not by its path. */
export function sameFeed(a: Feed, b: Feed): boolean {
  if (a.kind === 'dump' && b.kind === 'dump') return a.sha256 === b.sha256;
  if (a.kind === 'generated' && b.kind === 'generated') return a.seed === b.seed;
  return a.kind === b.kind;
}

/** @returns a feed in words, for messages. */
export function describeFeed(feed: Feed): string {
  switch (feed.kind) {
    case 'dump':
      return `the dump ${feed.file}`;
    case 'generated':
      return `generated tickets (seed ${feed.seed})`;
    case 'empty':
      return 'an empty table';
  }
}
