/**
 * Sets of transactions as the source names them. MariaDB gives a position, the last transaction of
 * each replication domain (`0-1-123,5-1-7`), within which order is total; MySQL gives intervals for
 * each server and tag (`uuid:1-5:7:tag:1-3`). Both are intervals for each origin.
 */
export type GtidSet = ReadonlyMap<string, readonly Interval[]>;

/** First and last number, both inside. Numbers go up to 2^64. */
type Interval = readonly [first: bigint, last: bigint];

const MARIADB = /^(\d+)-(\d+)-(\d+)$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const TAG = /^[a-z_][a-z0-9_]{0,31}$/;
const INTERVAL = /^(\d+)(?:-(\d+))?$/;

/**
 * Reads a position, a set, or a single transaction, of either server.
 * A MariaDB server id is evidence only: after a failover the domain goes on under another one.
 *
 * @throws {SyntaxError} on anything else.
 */
export function parseGtidSet(text: string): GtidSet {
  const found = new Map<string, Interval[]>();
  const add = (origin: string, interval: Interval) => {
    const intervals = found.get(origin);
    if (intervals) intervals.push(interval);
    else found.set(origin, [interval]);
  };
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue;
    const mariadb = MARIADB.exec(entry);
    if (mariadb) add(mariadb[1] ?? '', [0n, BigInt(mariadb[3] ?? '')]);
    else readMysqlEntry(entry, add);
  }
  return new Map([...found].map(([origin, intervals]) => [origin, joined(intervals)]));
}

function readMysqlEntry(entry: string, add: (origin: string, interval: Interval) => void): void {
  const [uuid = '', ...items] = entry.toLowerCase().split(':');
  if (!UUID.test(uuid) || items.length === 0) throw new SyntaxError(`no GTID set: ${entry}`);
  let origin = uuid;
  for (const item of items.map((part) => part.trim())) {
    const interval = INTERVAL.exec(item);
    if (interval) {
      const first = BigInt(interval[1] ?? '');
      add(origin, [first, interval[2] === undefined ? first : BigInt(interval[2])]);
    } else if (TAG.test(item)) {
      origin = `${uuid}:${item}`;
    } else {
      throw new SyntaxError(`no GTID set: ${entry}`);
    }
  }
}

/** Sorts intervals and joins those that touch. */
function joined(intervals: readonly Interval[]): Interval[] {
  const result: [bigint, bigint][] = [];
  const sorted = [...intervals].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  for (const [first, last] of sorted) {
    const previous = result.at(-1);
    if (previous && first <= previous[1] + 1n) {
      if (last > previous[1]) previous[1] = last;
    } else {
      result.push([first, last]);
    }
  }
  return result;
}

/** Whether every transaction of `wanted` is in `set`. The empty set is in every set. */
export function covers(set: GtidSet, wanted: GtidSet): boolean {
  return [...wanted].every(([origin, intervals]) => {
    const held = set.get(origin) ?? [];
    return intervals.every(([first, last]) => held.some(([a, b]) => a <= first && last <= b));
  });
}
