import type { ReaderCheckpoint, ShipperCheckpoint } from '../../schemas/checkpoint.ts';

/** What a hop answered, or why it did not. */
export type Answer<T> =
  { readonly answers: true; readonly value: T } | { readonly answers: false; readonly why: string };

/** A dataset's topic and the group of its processor. */
export interface TopicReading {
  readonly topic: string;
  /** Sum of the partitions' ends. */
  readonly end: number;
  /** Records that the processor has not taken. */
  readonly waiting: number;
  /** Production time of the oldest of them, epoch ms; null when none waits. */
  readonly oldestWaitingMs: number | null;
  /** Processes that consume. */
  readonly members: number;
  /** Null: kept for ever. */
  readonly retentionMs: number | null;
}

/** Numbers or bytes that are missing, both ends included. */
export interface HoleReading {
  /** Source and epoch, or host and file. */
  readonly place: string;
  readonly from: number;
  readonly to: number;
}

interface VerificationReading {
  readonly dataset: string;
  readonly ok: boolean;
  readonly verifiedAt: string;
}

interface QuarantineReading {
  readonly dataset: string;
  readonly reasons: string;
  /** Distinct rows or entries. */
  readonly count: number;
}

/** What a daemon tells about itself. */
export interface DaemonReading {
  /** Its loop moves on. */
  readonly moves: boolean;
  /** By part, such as a dataset or a source: what keeps it from its work. */
  readonly troubles: Readonly<Record<string, { readonly code: string; readonly message: string }>>;
}

/** The source server. */
export interface SourceReading {
  readonly gtid: string;
  /** How long the binlog is kept; null: not purged by time. */
  readonly binlogRetentionMs: number | null;
}

/** A log file that exists, and how far it was shipped. */
interface ShippedFile {
  readonly path: string;
  readonly size: number;
  readonly place: ShipperCheckpoint | undefined;
}

/** How far the warehouse is in one live epoch of one source. */
export interface EpochProgress {
  readonly source: string;
  readonly epoch: number;
  /** The frontier. */
  readonly seq: number;
  readonly shown: boolean;
  /** Commit time at the frontier, epoch ms. */
  readonly committedMs: number;
  /** Images above the frontier. */
  readonly waiting: number;
}

/** How far the warehouse is in one log file. */
export interface FileProgress {
  readonly host: string;
  readonly generation: string;
  readonly generationStart: number;
  /** First byte that is not covered. */
  readonly upto: number;
  /** When the newest byte below it was read, epoch ms. */
  readonly readAtMs: number;
  /** Ranges above it. */
  readonly waiting: number;
  readonly unreadable: number;
}

/** Everything that was asked of one table's way. */
export interface TableReadings {
  readonly dataset: string;
  readonly source: string;
  readonly checkpoint: Answer<ReaderCheckpoint | undefined>;
  /** Columns of the table that are carried and not judged, for no mapped field takes them. */
  readonly unmapped: Answer<readonly string[]>;
  readonly topic: Answer<TopicReading>;
  readonly batch: Answer<number | null>;
  readonly progress: Answer<readonly EpochProgress[]>;
  readonly holes: Answer<readonly HoleReading[]>;
}

/** Everything that was asked of the way of one host's log files. */
export interface LogReadings {
  readonly dataset: string;
  readonly host: string;
  readonly files: Answer<readonly ShippedFile[]>;
  readonly topic: Answer<TopicReading>;
  readonly batch: Answer<number | null>;
  readonly progress: Answer<readonly FileProgress[]>;
  readonly holes: Answer<readonly HoleReading[]>;
}

export interface StatusReadings {
  /** Epoch ms. */
  readonly atMs: number;
  /** Firehose's interval and the reader's heartbeat, as configured. */
  readonly intervalMs: number;
  readonly heartbeatMs: number;
  /** By daemon; left out where none can be reached from here. */
  readonly daemons: Readonly<Record<string, Answer<DaemonReading>>>;
  readonly server: Answer<SourceReading>;
  readonly tables: readonly TableReadings[];
  readonly logs: readonly LogReadings[];
  readonly quarantine: Answer<readonly QuarantineReading[]>;
  readonly verifications: Answer<readonly VerificationReading[]>;
}
