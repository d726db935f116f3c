import { settleWithin } from '../../../runtime/abortable-wait.ts';
import { supportLogs } from '../../../schemas/datasets/support-logs/index.ts';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import type { BatchWatch, LoadedBatch } from './batch-watch.ts';
import { booksDatasets, type BooksDataset } from '../figures/books.ts';
import type { Freshness } from './freshness.ts';
import type { LogFreshness } from './log-freshness.ts';
import {
  assemblePipeline,
  pipelineQueries,
  type DatasetFigures,
} from '../figures/pipeline-figures.ts';
import { logHops, tableHops, type Hop } from '../pipeline/pipeline-hops.ts';
import { explainCounts, type CountedReasons } from '../lists/reason-meaning.ts';
import {
  createSnapshotFeed,
  type FeedParts,
  type LiveDocument,
  type LiveFeed,
  type LivePulse,
} from './snapshot-feed.ts';
import type { TopicPosition, TopicPositions } from '../pipeline/topic-positions.ts';

/** What moves without a batch: positions, and how fresh each dataset is. */
interface PipelinePulse extends LivePulse {
  readonly stations: Readonly<
    Record<BooksDataset, { readonly completeUpToMs: number | null; readonly hops: readonly Hop[] }>
  >;
}

/** The whole way of both datasets as of one warehouse state, and where each station stands. */
export interface PipelineDocument extends LiveDocument, PipelinePulse {
  /** Null before the warehouse was read. */
  readonly datasets: Readonly<
    Record<
      BooksDataset,
      Pick<DatasetFigures, 'books' | 'days' | 'verification'> & {
        readonly quarantine: readonly CountedReasons[];
      }
    >
  > | null;
}

export interface PipelineFeedParts extends Omit<FeedParts, 'batches'> {
  readonly batches: Readonly<Record<BooksDataset, BatchWatch>>;
  readonly freshness: Freshness;
  readonly logFreshness: LogFreshness;
  readonly positions: TopicPositions;
}

/** A broker that is silent holds up no figures: its positions come with a later look. */
const POSITIONS_WITHIN_MS = 300;

export function createPipelineFeed(parts: PipelineFeedParts): LiveFeed<PipelineDocument> {
  const { freshness, logFreshness, log } = parts;
  let loaded: Readonly<Partial<Record<BooksDataset, LoadedBatch | null>>> = {};
  let positions: readonly TopicPosition[] | undefined = [];
  let askingKafka: Promise<void> | undefined;
  const snapshots = createSnapshotFeed({
    ...parts,
    batches: {
      async latest(options) {
        const found = await Promise.all(
          booksDatasets.map((name) => parts.batches[name].latest(options)),
        );
        loaded = Object.fromEntries(booksDatasets.map((name, at) => [name, found[at]?.batch]));
        return { etag: found.map(({ etag }) => etag ?? '').join(' '), batch: null };
      },
    },
    queries: pipelineQueries(),
    assemble: assemblePipeline,
    onFigures: ({ tickets, logs }) => {
      freshness.onFrontiers(tickets.frontiers);
      logFreshness.onFrontiers(logs.frontiers, loaded.logs ?? null);
    },
  });

  async function lookAtKafka(): Promise<void> {
    try {
      positions = await parts.positions.read();
    } catch (error) {
      if (positions) log.warn({ err: error }, 'Kafka does not tell positions');
      positions = undefined;
    }
  }

  function topicOf(name: string): TopicPosition | undefined {
    return positions?.find(({ topic }) => topic === name);
  }

  function pulse(): PipelinePulse {
    const [frontier] = snapshots.figures?.tickets.frontiers ?? [];
    const { checkpoints } = freshness;
    const tickets = {
      completeUpToMs: freshness.completeUpToMs,
      hops: tableHops({
        topicName: supportTickets.topic.name,
        checkpoint: checkpoints.find(({ source }) => source === frontier?.source) ?? checkpoints[0],
        topic: topicOf(supportTickets.topic.name),
        batch: loaded.tickets ?? null,
        frontier,
      }),
    };
    const logs = {
      completeUpToMs: logFreshness.completeUpToMs,
      hops: logHops({
        topicName: supportLogs.topic.name,
        hosts: logFreshness.hosts,
        topic: topicOf(supportLogs.topic.name),
        batch: loaded.logs ?? null,
        frontiers: snapshots.figures?.logs.frontiers ?? [],
      }),
    };
    const known = [tickets, logs].flatMap(({ completeUpToMs: ms }) => (ms === null ? [] : [ms]));
    return {
      // A dataset that nothing is known of is not configured, or has not begun.
      completeUpToMs: known.length === 0 ? null : Math.min(...known),
      stations: { tickets, logs },
    };
  }

  return {
    get version() {
      return snapshots.version;
    },
    async refresh() {
      askingKafka ??= lookAtKafka().finally(() => {
        askingKafka = undefined;
      });
      await Promise.all([snapshots.refresh(), settleWithin(askingKafka, POSITIONS_WITHIN_MS)]);
    },
    pulse,
    current() {
      const { figures, state } = snapshots;
      const shown = ({ books, days, verification, quarantine }: DatasetFigures) => ({
        ...{ books, days, verification },
        quarantine: explainCounts(quarantine),
      });
      return {
        ...state,
        ...pulse(),
        datasets: figures ? { tickets: shown(figures.tickets), logs: shown(figures.logs) } : null,
      };
    },
  };
}
