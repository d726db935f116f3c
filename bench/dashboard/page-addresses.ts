import {
  filterSql,
  logFilters,
  parseFilter,
  ticketFilters,
} from '../../dashboards/web/figures/filters.ts';
import { logFigureSet, logQueries } from '../../dashboards/web/figures/log-figures.ts';
import { periodBefore } from '../../dashboards/web/figures/period-before.ts';
import { pipelineQueries } from '../../dashboards/web/figures/pipeline-figures.ts';
import { ticketFigureSet, ticketQueries } from '../../dashboards/web/figures/ticket-figures.ts';
import type { QueryParameters } from '../../dashboards/web/figures/warehouse.ts';
import { listQueries, parseList } from '../../dashboards/web/lists/list-feed.ts';
import { entryList, ticketList } from '../../dashboards/web/lists/list-kinds.ts';
import {
  parseQuarantineFilter,
  quarantineQueries,
} from '../../dashboards/web/lists/quarantine-pages.ts';
import { parseTicketId, traceQueries } from '../../dashboards/web/lists/ticket-trace.ts';
import { overLogSums } from '../../schemas/measures.ts';

/** What is looked at, by its place in the page server, and what is chosen there. */
interface Address {
  readonly path: string;
  /** As in the address; nothing for all. */
  readonly query: string;
}

/** What a page asks the warehouse in one transaction. */
interface QuerySet {
  readonly queries: readonly string[];
  readonly parameters: QueryParameters;
}

const days = 'from=2025-07-05&to=2025-07-18';
const component = 'component=careplus.support.Service3';

/** Every page as a whole, under each choice alone and under several, some of which leave nothing. */
const choices: Readonly<Record<string, readonly string[]>> = {
  '/': [
    ...['', 'status=Open', 'priority=High', 'channel=Chat', 'agent=agent+7'],
    ...['category=category+2', 'weekday=3&hour=10', days, 'agent=nobody'],
    ...['agent=agent+7&priority=High', `${days}&status=Resolved&channel=Chat&priority=Low`],
  ],
  '/logs': [
    ...['', 'level=ERROR', 'level=INFO', component, 'event=event_2', 'response=0-499+ms'],
    ...['user_agent=curl%2F7.68.0', 'error=1', 'weekday=2', 'hour=10', days, 'level=NONE'],
    ...['level=DEBUG&level=INFO&level=WARNING&level=ERROR', `level=INFO&${component}`],
    ...[`${days}&level=INFO&level=DEBUG`, 'hour=10&level=INFO', `${days}&hour=10&${component}`],
  ],
  '/pipeline': [''],
  '/tickets': ['', 'agent=agent+7', 'status=Resolved&page=100'],
  '/entries': ['', 'level=ERROR', `${days}&${component}`, 'level=NONE', 'page=1000'],
  '/ticket': ['id=TCK4711'],
  '/api/quarantine': ['', 'dataset=tickets', 'reason=response_time_ms:negative', 'page=1000'],
};
export const addresses: readonly Address[] = Object.entries(choices).flatMap(([path, queries]) =>
  queries.map((query) => ({ path, query })),
);

/** Different choices at the same time, none of which anybody made before. */
export const crowd: readonly Address[] = [
  ...['agent=agent+11', 'agent=agent+12', 'channel=Email', 'from=2025-07-03'].map((query) => ({
    ...{ path: '/', query },
  })),
  ...['level=WARNING', 'event=event_5', 'hour=7', 'from=2025-07-20'].map((query) => ({
    ...{ path: '/logs', query },
  })),
];

/** @throws TypeError when nothing can be chosen so. */
export function querySetOf({ path, query }: Address): QuerySet {
  const set = sets[path]?.(new URLSearchParams(query));
  if (set === undefined) throw new TypeError(`no such page: ${path}?${query}`);
  return set;
}

const sets: Readonly<Record<string, (query: URLSearchParams) => QuerySet | undefined>> = {
  '/': (query) => {
    const filter = parseFilter(ticketFilters, query);
    if (!filter) return undefined;
    const sql = filterSql(ticketFilters, filter);
    const before = periodBefore(ticketFilters, filter, () => ticketFigureSet);
    return together({ ...sql, queries: ticketQueries(sql) }, before);
  },
  '/logs': (query) => {
    const filter = parseFilter(logFilters, query);
    if (!filter) return undefined;
    const sql = filterSql(logFilters, filter);
    const before = periodBefore(logFilters, filter, (moved) =>
      overLogSums(logFigureSet, (sums) => moved.conditions(sums) !== null),
    );
    return together({ ...sql, queries: logQueries(sql) }, before);
  },
  '/pipeline': () => ({ queries: pipelineQueries(), parameters: {} }),
  '/tickets': (query) => {
    const choice = parseList(ticketList.filters, query);
    return choice && listQueries(ticketList, choice);
  },
  '/entries': (query) => {
    const choice = parseList(entryList.filters, query);
    return choice && listQueries(entryList, choice);
  },
  '/ticket': (query) => {
    const id = parseTicketId(query);
    return id === undefined ? undefined : traceQueries(id);
  },
  '/api/quarantine': (query) => {
    const filter = parseQuarantineFilter(query);
    return filter && quarantineQueries(filter);
  },
};

function together(own: QuerySet, before: QuerySet | undefined): QuerySet {
  return {
    queries: [...own.queries, ...(before?.queries ?? [])],
    parameters: { ...own.parameters, ...before?.parameters },
  };
}
