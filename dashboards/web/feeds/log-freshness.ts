import { z } from 'zod';
import {
  formatNameOf,
  shipperCheckpointSchema,
  type ShipperCheckpoint,
} from '../../../schemas/checkpoint.ts';
import { supportLogs } from '../../../schemas/datasets/support-logs/index.ts';
import type { LoadedBatch } from './batch-watch.ts';
import type { Frontier } from './freshness.ts';

/** What one host's shipper has sent, and what is still before it and before the loader. */
export interface ShippedLogs {
  readonly host: string;
  readonly files: number;
  /** Bytes in the topic. */
  readonly shippedBytes: number;
  /** Bytes that stand in the files and are not in the topic yet. */
  readonly unshippedBytes: number;
  /** Bytes in the topic that the warehouse does not cover yet; null when that is not told. */
  readonly uncoveredBytes: number | null;
  /** The newest heartbeat, epoch ms. */
  readonly seenAtMs: number;
}

/** Brings the two halves of the support logs together, as {@link createFreshness} does for tables. */
export interface LogFreshness {
  /** A record of the shippers' checkpoint topic: key `<host>/<generation>`, null for a tombstone. */
  onRecord(key: string, value: Buffer | null): void;
  /** A state of the warehouse, and the batch after which it was read. */
  onFrontiers(frontiers: readonly Frontier[], batch: LoadedBatch | null): void;
  /** Epoch ms up to which every host's files are shown; null when one is unknown or there is none. */
  readonly completeUpToMs: number | null;
  readonly hosts: readonly ShippedLogs[];
}

/** What the loader tells of each file: the first byte that is not covered. */
const coveredFiles = z.looseObject({
  files: z.array(z.looseObject({ host: z.string(), generation: z.string(), upto: z.number() })),
});

export function createLogFreshness(): LogFreshness {
  const checkpoints = new Map<string, ShipperCheckpoint>();
  let covered: ReadonlyMap<string, number> | undefined;
  let frontiers: readonly Frontier[] = [];
  let completeMs: ReadonlyMap<string, number | null> = new Map();

  /** Of files that are gone nothing more comes: what was not shipped of them is lost. */
  const filesOf = (host: string) =>
    [...checkpoints.values()].filter((file) => file.host === host && file.state !== 'gone');

  function uncovered(files: readonly ShipperCheckpoint[]): number | null {
    const known = covered;
    if (!known) return null;
    return sum(files, ({ host, generation, offset, generationStart }) =>
      Math.max(0, offset - (known.get(`${host}/${generation}`) ?? generationStart)),
    );
  }

  /**
   * The oldest heartbeat of a host's files when the warehouse covers all that they hold; else when
   * the newest covered byte was read. What was once complete stays so.
   */
  function advance(): void {
    completeMs = new Map(
      frontiers.map(({ source, committedMs }) => {
        const files = filesOf(source);
        const caughtUp =
          files.length > 0 && uncovered(files) === 0 && sum(files, unshippedBytes) === 0;
        const heartbeatMs = Math.min(...files.map(({ writtenAtMs }) => writtenAtMs));
        const known = caughtUp ? heartbeatMs : committedMs;
        const latest = Math.max(known, completeMs.get(source) ?? 0);
        return [source, latest > 0 ? latest : null];
      }),
    );
  }

  function shippedBy(host: string): ShippedLogs {
    const files = filesOf(host);
    return {
      host,
      files: files.length,
      shippedBytes: sum(files, ({ offset, generationStart }) => offset - generationStart),
      unshippedBytes: sum(files, unshippedBytes),
      uncoveredBytes: uncovered(files),
      seenAtMs: Math.max(...files.map(({ writtenAtMs }) => writtenAtMs)),
    };
  }

  return {
    onRecord(key, value) {
      const checkpoint = value === null ? undefined : parseShipperCheckpoint(value);
      if (value === null) checkpoints.delete(key);
      const isOurs = checkpoint && formatNameOf(checkpoint) === supportLogs.name;
      if (isOurs) checkpoints.set(key, checkpoint);
      advance();
    },
    onFrontiers(next, batch) {
      frontiers = next;
      const told = coveredFiles.safeParse(batch).data;
      covered =
        told && new Map(told.files.map((file) => [`${file.host}/${file.generation}`, file.upto]));
      advance();
    },
    get completeUpToMs() {
      const times = [...completeMs.values()];
      return times.length === 0 || times.includes(null)
        ? null
        : Math.min(...times.filter((time) => time !== null));
    },
    get hosts() {
      const names = new Set([...checkpoints.values()].map(({ host }) => host));
      return [...names]
        .sort()
        .map(shippedBy)
        .filter(({ files }) => files > 0);
    },
  };
}

function unshippedBytes({ offset, seenBytes }: ShipperCheckpoint): number {
  return Math.max(0, seenBytes - offset);
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

/** Undefined for start markers and whatever else is no checkpoint. */
function parseShipperCheckpoint(value: Buffer): ShipperCheckpoint | undefined {
  try {
    return shipperCheckpointSchema.safeParse(JSON.parse(value.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
