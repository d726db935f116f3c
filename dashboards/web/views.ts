import type { Logger } from '../../runtime/observability/log.ts';
import { joinBatches, type BatchWatch } from './feeds/batch-watch.ts';
import { createFreshness, parseCheckpoint, type Freshness } from './feeds/freshness.ts';
import type { Heartbeats } from './feeds/heartbeats.ts';
import { createLogFeed } from './feeds/log-feed.ts';
import { createLogFreshness, type LogFreshness } from './feeds/log-freshness.ts';
import type { LiveView } from './feeds/live-rooms.ts';
import { createPipelineFeed } from './feeds/pipeline-feed.ts';
import type { FeedParts } from './feeds/snapshot-feed.ts';
import { createTicketFeed } from './feeds/ticket-feed.ts';
import { filterKey, logFilters, parseFilter, ticketFilters } from './figures/filters.ts';
import type { Warehouse } from './figures/warehouse.ts';
import { createListFeed, listKey, parseList, type ListKind } from './lists/list-feed.ts';
import { entryList, ticketList } from './lists/list-kinds.ts';
import { createTraceFeed, parseTicketId } from './lists/ticket-trace.ts';
import type { TopicPositions } from './pipeline/topic-positions.ts';
import type { PageName } from './page-files.ts';

export interface ViewParts {
  readonly warehouse: Warehouse;
  readonly batches: { readonly tickets: BatchWatch; readonly logs: BatchWatch };
  /** Checkpoints of the readers and of the shippers. */
  readonly heartbeats: { readonly tickets: Heartbeats; readonly logs: Heartbeats };
  readonly positions: TopicPositions;
  readonly log: Logger;
  /** Shortest time between two looks of a feed. */
  readonly minGapMs: number;
}

/** What an address of a page asks to see; undefined when it asks for what cannot be. */
export type ReadView = (query: URLSearchParams) => LiveView | undefined;

/** How each page's address is read. Each view knows for itself how fresh it is. */
export function createViews(parts: ViewParts): Readonly<Record<PageName, ReadView>> {
  const { warehouse, batches, heartbeats, positions, log, minGapMs } = parts;
  const shared = { warehouse, log, minGapMs };

  const ticketParts = (signal: AbortSignal): FeedParts & { freshness: Freshness } => {
    const freshness = createFreshness();
    heartbeats.tickets.follow((_key, value) => {
      const checkpoint = value === null ? undefined : parseCheckpoint(value.toString('utf8'));
      if (checkpoint) freshness.onCheckpoint(checkpoint);
    }, signal);
    return { ...shared, signal, freshness, batches: batches.tickets };
  };
  const logParts = (signal: AbortSignal): FeedParts & { freshness: LogFreshness } => {
    const freshness = createLogFreshness();
    heartbeats.logs.follow((key, value) => freshness.onRecord(key, value), signal);
    return { ...shared, signal, freshness, batches: batches.logs };
  };
  const listView = <Row>(
    kind: ListKind<Row>,
    partsOf: (signal: AbortSignal) => ReturnType<typeof ticketParts | typeof logParts>,
  ): ReadView => {
    return (query) => {
      const choice = parseList(kind.filters, query);
      return (
        choice && {
          key: listKey(choice),
          createFeed: (signal) => createListFeed(kind, { ...partsOf(signal), choice }),
        }
      );
    };
  };

  return {
    tickets(query) {
      const filter = parseFilter(ticketFilters, query);
      return (
        filter && {
          key: filterKey(filter),
          createFeed: (signal) => createTicketFeed({ ...ticketParts(signal), filter }),
        }
      );
    },
    logs(query) {
      const filter = parseFilter(logFilters, query);
      return (
        filter && {
          key: filterKey(filter),
          createFeed: (signal) => createLogFeed({ ...logParts(signal), filter }),
        }
      );
    },
    pipeline: () => ({
      key: '',
      createFeed: (signal) =>
        createPipelineFeed({
          ...{ ...shared, signal, batches, positions },
          freshness: ticketParts(signal).freshness,
          logFreshness: logParts(signal).freshness,
        }),
    }),
    'ticket-list': listView(ticketList, ticketParts),
    'entry-list': listView(entryList, logParts),
    ticket(query) {
      const id = parseTicketId(query);
      return id === undefined
        ? undefined
        : {
            key: id,
            createFeed: (signal) =>
              createTraceFeed({
                ...ticketParts(signal),
                batches: joinBatches([batches.tickets, batches.logs]),
                id,
              }),
          };
    },
  };
}
