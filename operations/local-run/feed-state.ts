import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { loadFeed } from '../../infra/local/feed.ts';
import type { Servers } from '../../infra/local/stack.ts';
import {
  describeFeed,
  readState,
  sameFeed,
  writeState,
  type Feed,
  type LocalState,
} from '../../infra/local/state-file.ts';
import { errorText, PipelineError } from '../../runtime/pipeline-error.ts';
import type { RunOutput } from './run-output.ts';

/** What a person said of the feed. */
export interface FeedRequest {
  /** Absolute path of a dump, if one was named. */
  readonly tickets: string | undefined;
  readonly empty: boolean;
  readonly stateDir: string;
}

const GENERATED_SEED = 20250701;

/** The remembered state, or a new one; another feed than the remembered one is refused. */
export async function openState(request: FeedRequest): Promise<LocalState> {
  const asked = await askedFeed(request);
  const known = readState(request.stateDir);
  if (known === undefined) {
    const feed = asked ?? { kind: 'generated', seed: GENERATED_SEED };
    const state: LocalState = { version: 1, feed, loaded: 'no', database: null };
    writeState(request.stateDir, state);
    return state;
  }
  checkFeed(known, asked, request.stateDir);
  return known;
}

/** @throws {PipelineError} CFG_9005 when another feed is asked for than the folder remembers. */
export function checkFeed(known: LocalState, asked: Feed | undefined, stateDir: string): void {
  if (asked === undefined || sameFeed(known.feed, asked)) return;
  throw new PipelineError(
    'CFG_9005',
    `${stateDir} holds ${describeFeed(known.feed)}, not ${describeFeed(asked)}; ` +
      '--fresh forgets it, --state DIR keeps both',
  );
}

/** The feed that was named on the command line, if one was. */
export async function askedFeed(request: Omit<FeedRequest, 'stateDir'>): Promise<Feed | undefined> {
  if (request.empty) return { kind: 'empty' };
  if (request.tickets === undefined) return undefined;
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(request.tickets), hash);
  } catch (cause) {
    throw new PipelineError('CFG_9007', `${request.tickets}: ${errorText(cause)}`, { cause });
  }
  return { kind: 'dump', file: request.tickets, sha256: hash.digest('hex') };
}

/** Loads the feed into the source the first time; a load that was broken off is done anew. */
export async function feedOnce(
  servers: Pick<Servers, 'mariadb'>,
  state: LocalState,
  run: { readonly stateDir: string; readonly output: RunOutput; readonly signal: AbortSignal },
): Promise<{ readonly database: string }> {
  if (state.loaded === 'yes' && state.database !== null) return { database: state.database };
  writeState(run.stateDir, { ...state, loaded: 'loading' });
  const { database, rows, notes } = await loadFeed({
    feed: state.feed,
    mariadb: servers.mariadb,
    again: state.loaded === 'loading',
    signal: run.signal,
  });
  for (const note of notes) run.output.note(note);
  run.output.note(
    `loaded ${describeFeed(state.feed)}: ${rows} rows in ${database}.support_tickets`,
  );
  writeState(run.stateDir, { ...state, loaded: 'yes', database });
  return { database };
}
