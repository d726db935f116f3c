import { shipperCheckpointSchema, type ShipperCheckpoint } from '../../schemas/checkpoint.ts';
import type { Frontier } from './freshness.ts';

/** What one host's shipper has sent and what it has still before it. */
export interface ShippedLogs {
  readonly host: string;
  readonly files: number;
  /** Bytes in the topic, of all files that the shipper still knows or was seen to let go. */
  readonly shippedBytes: number;
  /** Bytes that stand in the files and are not in the topic yet. */
  readonly waitingBytes: number;
  /** The newest heartbeat, epoch ms. */
  readonly seenAtMs: number;
}

/** Brings the log files' two halves together, as {@link createFreshness} does for tables. */
export interface LogFreshness {
  /** A record of the shippers' checkpoint topic: key `<host>/<generation>`, null for a tombstone. */
  onRecord(key: string, value: Buffer | null): void;
  /** Covered bytes (`seq`) and newest time of reading, per host. */
  onFrontiers(frontiers: readonly Frontier[]): void;
  /** Epoch ms up to which every host's files are shown; null when one is unknown or there is none. */
  readonly completeUpToMs: number | null;
  readonly hosts: readonly ShippedLogs[];
}

export function createLogFreshness(): LogFreshness {
  const checkpoints = new Map<string, ShipperCheckpoint>();
  /** Bytes of files that are gone: the warehouse still counts them. */
  const goneBytes = new Map<string, number>();
  let completeMs: ReadonlyMap<string, number | null> = new Map();
  let frontiers: readonly Frontier[] = [];

  const bytesOf = ({ offset, generationStart }: ShipperCheckpoint) => offset - generationStart;

  function ofHost(host: string): ShippedLogs | undefined {
    const files = [...checkpoints.values()].filter((file) => file.host === host);
    if (files.length === 0) return undefined;
    const sum = (value: (file: ShipperCheckpoint) => number) =>
      files.reduce((total, file) => total + value(file), 0);
    return {
      host,
      files: files.length,
      shippedBytes: sum(bytesOf) + (goneBytes.get(host) ?? 0),
      waitingBytes: sum(({ offset, seenBytes }) => Math.max(0, seenBytes - offset)),
      seenAtMs: Math.max(...files.map(({ writtenAtMs }) => writtenAtMs)),
    };
  }

  /**
   * The heartbeat when the warehouse covers exactly the bytes that were shipped and nothing waits
   * in the files; else when the newest covered byte was read. What was once complete stays so.
   */
  function advance(): void {
    completeMs = new Map(
      frontiers.map(({ source, seq, committedMs }) => {
        const shipped = ofHost(source);
        const caughtUp = shipped?.shippedBytes === seq && shipped.waitingBytes === 0;
        const known = caughtUp ? shipped.seenAtMs : committedMs > 0 ? committedMs : null;
        const before = completeMs.get(source) ?? null;
        return [source, known === null ? before : Math.max(known, before ?? 0)];
      }),
    );
  }

  return {
    onRecord(key, value) {
      const known = checkpoints.get(key);
      const checkpoint = value === null ? undefined : parseShipperCheckpoint(value);
      if (value === null && known) {
        checkpoints.delete(key);
        goneBytes.set(known.host, (goneBytes.get(known.host) ?? 0) + bytesOf(known));
      }
      if (checkpoint) checkpoints.set(key, checkpoint);
      advance();
    },
    onFrontiers(next) {
      frontiers = next;
      advance();
    },
    get completeUpToMs() {
      const times = [...completeMs.values()];
      return times.length === 0 || times.includes(null)
        ? null
        : Math.min(...times.filter((time) => time !== null));
    },
    get hosts() {
      const names = [...new Set([...checkpoints.values()].map(({ host }) => host))].sort();
      return names.map(ofHost).filter((host) => host !== undefined);
    },
  };
}

/** Undefined for start markers and whatever else is no checkpoint. */
function parseShipperCheckpoint(value: Buffer): ShipperCheckpoint | undefined {
  try {
    return shipperCheckpointSchema.safeParse(JSON.parse(value.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
