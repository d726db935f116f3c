import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { isGzipped } from '../../infra/local/dump-compression.ts';
import { capturedDatasets, loadFeed } from '../../infra/local/feed.ts';
import type { Servers } from '../../infra/local/stack.ts';
import {
  describeFeed,
  logFolder,
  readState,
  sameFeed,
  writeState,
  type Feed,
  type LocalState,
  type LogFeed,
  type TicketFeed,
} from '../../infra/local/state-file.ts';
import { errorText, PipelineError } from '../../runtime/pipeline-error.ts';
import type { TableDataset } from '../../schemas/datasets/dataset.ts';
import { tableDatasets } from '../../schemas/datasets/registry.ts';
import type { RunOutput } from './run-output.ts';

/** What a person said of the feed. */
export interface FeedRequest {
  /** Absolute path of a dump, if one was named. */
  readonly tickets: string | undefined;
  /** Absolute path of a folder of logs, if one was named. */
  readonly logs: string | undefined;
  readonly empty: boolean;
  readonly stateDir: string;
}

const GENERATED_SEED = 20250701;

/** The remembered state, or a new one; another feed than the remembered one is refused. */
export async function openState(request: FeedRequest): Promise<LocalState> {
  const asked = await askedFeed(request);
  const known = readState(request.stateDir);
  if (known === undefined) {
    const generated = { kind: 'generated', seed: GENERATED_SEED } as const;
    const feed = asked ?? { tickets: generated, logs: generated };
    const state: LocalState = { version: 2, feed, loaded: 'no', database: null, datasets: [] };
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

/** The feed that was named on the command line, if one was; what was not named in it is empty. */
export async function askedFeed({
  tickets,
  logs,
  empty,
}: Omit<FeedRequest, 'stateDir'>): Promise<Feed | undefined> {
  if (!empty && tickets === undefined && logs === undefined) return undefined;
  return {
    tickets: tickets === undefined ? { kind: 'empty' } : await dumpFeed(tickets),
    logs: logs === undefined ? { kind: 'empty' } : await folderFeed(logs),
  };
}

async function dumpFeed(file: string): Promise<TicketFeed> {
  const hash = createHash('sha256');
  try {
    await isGzipped(file);
    await pipeline(createReadStream(file), hash);
  } catch (cause) {
    if (cause instanceof PipelineError) throw cause;
    throw new PipelineError('CFG_9007', `${file}: ${errorText(cause)}`, { cause });
  }
  return { kind: 'dump', file, sha256: hash.digest('hex') };
}

async function folderFeed(directory: string): Promise<LogFeed> {
  try {
    await (await opendir(directory)).close();
  } catch (cause) {
    throw new PipelineError('CFG_9007', `${directory}: ${errorText(cause)}`, { cause });
  }
  return { kind: 'folder', directory };
}

interface FeedRun {
  readonly stateDir: string;
  readonly output: RunOutput;
  readonly signal: AbortSignal;
}

/**
 * Loads the feed into the source the first time; a load that was broken off is done anew.
 *
 * @returns the database, and the datasets to capture from it: those whose tables are there, and
 *   those that were captured before.
 */
export async function feedOnce(
  { mariadb }: Pick<Servers, 'mariadb'>,
  state: LocalState,
  run: FeedRun,
): Promise<{ readonly database: string; readonly datasets: readonly TableDataset[] }> {
  const database = await loadOnce(mariadb, state, run);
  const present = await capturedDatasets(mariadb, database);
  const datasets = tableDatasets.filter(
    (dataset) => present.includes(dataset) || state.datasets.includes(dataset.name),
  );
  const names = datasets.map(({ name }) => name);
  writeState(run.stateDir, { ...state, loaded: 'yes', database, datasets: names });
  return { database, datasets };
}

async function loadOnce(
  mariadb: Servers['mariadb'],
  state: LocalState,
  run: FeedRun,
): Promise<string> {
  if (state.loaded === 'yes' && state.database !== null) return state.database;
  writeState(run.stateDir, { ...state, loaded: 'loading' });
  const { database, rows, logFiles, notes } = await loadFeed({
    feed: state.feed,
    logFolder: logFolder(run.stateDir, state.feed),
    mariadb,
    again: state.loaded === 'loading',
    signal: run.signal,
  });
  for (const note of notes) run.output.note(note);
  run.output.note(
    `loaded ${describeFeed(state.feed)}: ${rows} rows in ${database}.support_tickets` +
      (logFiles === 0 ? '' : `, ${logFiles} log files`),
  );
  return database;
}
