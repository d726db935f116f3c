import type { QueryResult, WarehouseRow } from '../runtime/redshift/data-api.ts';

/** One frontier: up to where all that was numbered has arrived. */
export interface Position {
  /** Names what is numbered. */
  readonly id: string;
  readonly at: number;
  /** Rows that wait above it. */
  readonly waiting: number;
}

/** How far the warehouse is. */
export interface LoadReport {
  readonly positions: readonly Position[];
  /** Images that were counted below zero. */
  readonly negative: number;
  /** What is told to whoever watches; JSON. */
  readonly news: Readonly<Record<string, unknown>>;
}

/** How far the warehouse is in one live epoch of one source. */
interface EpochProgress {
  readonly source: string;
  readonly epoch: number;
  /** The frontier. */
  readonly seq: number;
  readonly shown: boolean;
  /** Commit time of the newest source transaction inside the frontier, epoch ms. */
  readonly committed_ms: number;
  /** Images above the frontier. */
  readonly waiting: number;
}

/** How far the warehouse is in one file of a log. */
interface FileProgress {
  readonly host: string;
  readonly generation: string;
  /** Offset at which reading began. */
  readonly generation_start: number;
  /** First byte that is not covered. */
  readonly upto: number;
  /** When the newest byte below it was read, epoch ms. */
  readonly read_at_ms: number;
  /** Ranges above it. */
  readonly waiting: number;
  /** Blocks that could not be read, and no repair has come yet. */
  readonly unreadable: number;
}

/** Reads the report of a table: the first source's shown epoch stands at the top of the news. */
export function imageReport({ rows }: QueryResult): LoadReport {
  const epochs = rows.map(epochProgress);
  const shown = epochs.find((epoch) => epoch.shown);
  return {
    positions: epochs.map(({ source, epoch, seq, waiting }) => ({
      id: `${source}/${epoch}`,
      at: seq,
      waiting,
    })),
    negative: rows.reduce((sum: number, row) => sum + Number(row['negative'] ?? 0), 0),
    news: {
      source: shown?.source ?? null,
      epoch: shown?.epoch ?? null,
      seq: shown?.seq ?? null,
      shown: shown !== undefined,
      committed_ms: shown?.committed_ms ?? null,
      epochs,
    },
  };
}

/** Reads the report of a log. */
export function logReport({ rows }: QueryResult): LoadReport {
  const files = rows.map(fileProgress);
  return {
    positions: files.map(({ host, generation, upto, waiting }) => ({
      id: `${host}/${generation}`,
      at: upto,
      waiting,
    })),
    negative: 0,
    news: {
      read_at_ms: files.reduce((latest, { read_at_ms: at }) => Math.max(latest, at), 0) || null,
      files,
    },
  };
}

/** Reads a row of a table’s progress. */
function epochProgress(row: WarehouseRow): EpochProgress {
  return {
    source: String(row['source']),
    epoch: Number(row['epoch']),
    seq: Number(row['seq']),
    shown: Number(row['shown']) === 1,
    committed_ms: Number(row['committed_ms']),
    waiting: Number(row['waiting']),
  };
}

/** Reads a row of a log’s progress. */
function fileProgress(row: WarehouseRow): FileProgress {
  return {
    host: String(row['host']),
    generation: String(row['generation']),
    generation_start: Number(row['generation_start']),
    upto: Number(row['upto']),
    read_at_ms: Number(row['read_at_ms']),
    waiting: Number(row['waiting']),
    unreadable: Number(row['unreadable']),
  };
}
