import { errorCodes, type ErrorCodeName } from '../../schemas/error-codes.ts';

import type { Logger } from '../../runtime/observability/log.ts';
import { errorText, findPipelineError, PipelineError } from '../../runtime/pipeline-error.ts';
import type { BatchWatch, LatestBatch, LoadedBatch } from './batch-watch.ts';
import type { Freshness } from './freshness.ts';
import { assembleFigures, ticketQueries, type TicketFigures } from './measure-queries.ts';
import { explainReasons, type ReasonMeaning } from './reason-meaning.ts';
import type { Warehouse } from './warehouse.ts';

/** Why the figures cannot be brought up to date, in words that may be shown to anybody. */
interface Problem {
  readonly code: ErrorCodeName;
  readonly cause: string;
  readonly remedy: string;
  /** Epoch ms of the first failure in a row. */
  readonly sinceMs: number;
}

/** One consistent state of the warehouse, and how far it can be trusted. */
export interface TicketsDocument {
  readonly dataset: 'tickets';
  /**
   * `loading`: not read yet · `live`: the latest batch · `stale`: the last truth, for the latest
   * batch cannot be read · `unavailable`: nothing could be read so far.
   */
  readonly state: 'loading' | 'live' | 'stale' | 'unavailable';
  readonly problem: Problem | null;
  /** The server's clock, epoch ms: ages are counted against it, not against the viewer's. */
  readonly nowMs: number;
  /** Epoch ms up to which the figures hold every change of the source; null when unknown. */
  readonly completeUpToMs: number | null;
  /** When the warehouse was asked, epoch ms. */
  readonly queriedAtMs: number | null;
  /** The batch after which the warehouse was asked. */
  readonly batch: LoadedBatch | null;
  readonly measures: TicketFigures['measures'];
  readonly breakdowns: TicketFigures['breakdowns'];
  readonly quarantine: readonly {
    readonly reasons: string;
    readonly count: number;
    readonly meaning: readonly ReasonMeaning[];
  }[];
  readonly books: TicketFigures['books'] | null;
  readonly recent: TicketFigures['recent'];
  readonly frontiers: TicketFigures['frontiers'];
}

export interface TicketFeed {
  /** The document as it stands, without asking anybody. */
  current(): TicketsDocument;
  /**
   * Looks for a new batch and, if there is one, runs the query set once. Callers at the same time
   * share one look; within `minGapMs` of the last one nothing is asked. Never rejects but on abort:
   * what goes wrong stands in the document.
   */
  refresh(): Promise<void>;
  /** Moves whenever figures, state or problem of the document have changed. */
  readonly version: number;
}

export interface TicketFeedParts {
  readonly warehouse: Warehouse;
  readonly batches: BatchWatch;
  readonly freshness: Freshness;
  readonly log: Logger;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
  /** Shortest time between two looks. */
  readonly minGapMs: number;
  readonly now?: () => number;
}

interface Snapshot {
  readonly figures: TicketFigures;
  /** The batch that was known when the warehouse was asked. */
  readonly latest: LatestBatch;
  readonly queriedAtMs: number;
}

const QUERY_TIMEOUT_MS = 60_000;
const LOOK_TIMEOUT_MS = 10_000;
const BACKOFF_MS = 1_000;
const BACKOFF_CAP_MS = 10_000;

export function createTicketFeed(parts: TicketFeedParts): TicketFeed {
  const { warehouse, batches, freshness, log, minGapMs, now = Date.now } = parts;
  const queries = ticketQueries();
  let snapshot: Snapshot | undefined;
  let problem: Problem | null = null;
  let version = 0;
  let looking: Promise<void> | undefined;
  let lookedAtMs = -Infinity;
  let failures = 0;
  let triedEtag: string | null | undefined;
  let retryAtMs = -Infinity;

  function report(error: unknown): void {
    const code = findPipelineError(error)?.code ?? 'WH_5001';
    if (problem?.code === code) return;
    // Once per problem, not once per attempt; viewers see the catalogue's words, not the server's.
    log.warn({ code, err: error }, errorText(error));
    problem = { code, ...errorCodes[code], sinceMs: problem?.sinceMs ?? now() };
    version += 1;
  }

  function clear(): void {
    if (problem === null) return;
    log.info({ code: problem.code, sinceMs: problem.sinceMs }, 'the figures are up to date again');
    problem = null;
    version += 1;
  }

  /** @returns the batch that the figures do not show yet, if there is one. */
  async function look(): Promise<LatestBatch | undefined> {
    const latest = await within(LOOK_TIMEOUT_MS, 'LAKE_4004', (signal) =>
      batches.latest({ signal }),
    );
    return snapshot?.latest.etag === latest.etag ? undefined : latest;
  }

  async function readFigures(latest: LatestBatch): Promise<void> {
    const queriedAtMs = now();
    const rows = await within(QUERY_TIMEOUT_MS, 'WH_5003', (signal) =>
      warehouse.readTogether(queries, { signal }),
    );
    const figures = assembleFigures(rows);
    freshness.onFrontiers(figures.frontiers);
    // The ETag is older than the rows: a batch between the two costs one more look, no figure.
    snapshot = { figures, latest, queriedAtMs };
    version += 1;
  }

  async function within<T>(
    ms: number,
    code: ErrorCodeName,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const limit = AbortSignal.timeout(ms);
    try {
      return await work(AbortSignal.any([parts.signal, limit]));
    } catch (cause) {
      parts.signal.throwIfAborted();
      if (!limit.aborted) throw cause;
      throw new PipelineError(code, `no answer within ${ms} ms`, { cause });
    }
  }

  /** The same batch is tried again later and later; a new one at once. */
  async function readUnlessTooSoon(news: LatestBatch): Promise<boolean> {
    if (news.etag === triedEtag && now() < retryAtMs) return false;
    triedEtag = news.etag;
    try {
      await readFigures(news);
      failures = 0;
      return true;
    } catch (error) {
      retryAtMs = now() + Math.min(BACKOFF_CAP_MS, BACKOFF_MS * 2 ** Math.min(failures, 10));
      failures += 1;
      throw error;
    }
  }

  async function attempt(): Promise<void> {
    try {
      const news = await look();
      if (news === undefined || (await readUnlessTooSoon(news))) clear();
    } catch (error) {
      parts.signal.throwIfAborted();
      report(error);
    }
  }

  return {
    get version() {
      return version;
    },
    refresh() {
      if (looking) return looking;
      if (now() - lookedAtMs < minGapMs) return Promise.resolve();
      looking = attempt().finally(() => {
        looking = undefined;
        lookedAtMs = now();
      });
      return looking;
    },
    current: () => ({
      dataset: 'tickets',
      state: stateOf(snapshot, problem),
      problem,
      nowMs: now(),
      completeUpToMs: freshness.completeUpToMs,
      queriedAtMs: snapshot?.queriedAtMs ?? null,
      batch: snapshot?.latest.batch ?? null,
      measures: snapshot?.figures.measures ?? {},
      breakdowns: snapshot?.figures.breakdowns ?? {},
      quarantine: (snapshot?.figures.quarantine ?? []).map(({ reasons, count }) => ({
        reasons,
        count,
        meaning: explainReasons(reasons),
      })),
      books: snapshot?.figures.books ?? null,
      recent: snapshot?.figures.recent ?? [],
      frontiers: snapshot?.figures.frontiers ?? [],
    }),
  };
}

function stateOf(
  snapshot: Snapshot | undefined,
  problem: Problem | null,
): TicketsDocument['state'] {
  if (snapshot) return problem ? 'stale' : 'live';
  return problem ? 'unavailable' : 'loading';
}
