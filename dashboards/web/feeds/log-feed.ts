import { overLogSums } from '../../../schemas/measures.ts';
import { logFilters, type Filter } from '../figures/filters.ts';
import {
  assembleLogFigures,
  logFigureSet,
  logQueries,
  type LogFigures,
} from '../figures/log-figures.ts';
import { createFigureFeed, type FigureDocument } from './figure-feed.ts';
import type { LogFreshness } from './log-freshness.ts';
import type { FeedParts, LiveFeed } from './snapshot-feed.ts';

export interface LogsDocument extends FigureDocument<'logs'> {
  readonly slowest: LogFigures['slowest'];
  readonly newest: LogFigures['newest'];
}

export function createLogFeed(
  parts: FeedParts & { readonly freshness: LogFreshness; readonly filter: Filter },
): LiveFeed<LogsDocument> {
  return createFigureFeed(
    {
      dataset: 'logs',
      filters: logFilters,
      set: logFigureSet,
      measured: (filter) => overLogSums(logFigureSet, (sums) => filter.conditions(sums) !== null),
      queries: logQueries,
      assemble: assembleLogFigures,
      lists: (figures) => ({ slowest: figures?.slowest ?? [], newest: figures?.newest ?? [] }),
    },
    parts,
  );
}
