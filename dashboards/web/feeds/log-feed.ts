import { filterSql, logFilters, type Filter } from '../figures/filters.ts';
import {
  assembleLogFigures,
  logFigureSet,
  logQueries,
  type LogFigures,
} from '../figures/log-figures.ts';
import { wholeFigures } from '../figures/measure-queries.ts';
import { explainCounts, type CountedReasons } from '../lists/reason-meaning.ts';
import type { LogFreshness } from './log-freshness.ts';
import {
  createSnapshotFeed,
  type FeedParts,
  type LiveDocument,
  type LiveFeed,
} from './snapshot-feed.ts';

/** One consistent state of the warehouse, and how far it can be trusted. */
export interface LogsDocument extends LiveDocument {
  readonly dataset: 'logs';
  readonly filter: Filter;
  readonly measures: LogFigures['measures'];
  readonly breakdowns: LogFigures['breakdowns'];
  readonly matrices: LogFigures['matrices'];
  /** Names of the figures that the filter does not narrow: their views lack its columns. */
  readonly whole: readonly string[];
  readonly quarantine: readonly CountedReasons[];
  readonly books: LogFigures['books'] | null;
  readonly slowest: LogFigures['slowest'];
  readonly newest: LogFigures['newest'];
  readonly frontiers: LogFigures['frontiers'];
  readonly choices: LogFigures['choices'] | null;
}

export function createLogFeed(
  parts: FeedParts & { readonly freshness: LogFreshness; readonly filter: Filter },
): LiveFeed<LogsDocument> {
  const { freshness, filter } = parts;
  const sql = filterSql(logFilters, filter);
  const whole = wholeFigures(logFigureSet, sql);
  const snapshots = createSnapshotFeed({
    ...parts,
    queries: logQueries(sql),
    parameters: sql.parameters,
    assemble: assembleLogFigures,
    onFigures: ({ frontiers }, batch) => freshness.onFrontiers(frontiers, batch),
  });
  const pulse = () => ({ completeUpToMs: freshness.completeUpToMs });
  return {
    get version() {
      return snapshots.version;
    },
    refresh: () => snapshots.refresh(),
    pulse,
    current() {
      const { figures, state } = snapshots;
      return {
        dataset: 'logs',
        filter,
        ...state,
        ...pulse(),
        measures: figures?.measures ?? {},
        breakdowns: figures?.breakdowns ?? {},
        matrices: figures?.matrices ?? {},
        whole,
        quarantine: explainCounts(figures?.quarantine ?? []),
        books: figures?.books ?? null,
        slowest: figures?.slowest ?? [],
        newest: figures?.newest ?? [],
        frontiers: figures?.frontiers ?? [],
        choices: figures?.choices ?? null,
      };
    },
  };
}
