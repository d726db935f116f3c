/** MariaDB's UUID, INET4 and INET6: the binlog holds their bytes, a SELECT gives these texts. */

export function formatUuid(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}

export function formatInet4(bytes: Buffer): string {
  return [...bytes].join('.');
}

/**
 * As the server's `Inet6::to_string`: the longest run of zero groups, be it one group, is
 * `::`, the first one of equal runs; mapped and compatible IPv4 addresses end in dotted form.
 */
export function formatInet6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2));
  const run = longestZeroRun(groups);
  const dotted = formatInet4(bytes.subarray(12));
  if (run.start === 0 && run.length === 6) return `::${dotted}`;
  if (run.start === 0 && run.length === 5 && groups[5] === 0xffff) return `::ffff:${dotted}`;
  const hex = groups.map((group) => group.toString(16));
  if (run.length === 0) return hex.join(':');
  const head = hex.slice(0, run.start).join(':');
  return `${head}::${hex.slice(run.start + run.length).join(':')}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start += 1) {
    let end = start;
    while (groups[end] === 0) end += 1;
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}
