/**
 * @returns the partition of a key, as Kafka's Java client chooses it: 32-bit murmur2, made positive,
 *   modulo the number of partitions (org.apache.kafka.common.utils.Utils, BuiltInPartitioner). A
 *   record without a key goes where an empty key goes.
 */
export function partitionOfKey(key: Buffer | string | null, partitions: number): number {
  const bytes = typeof key === 'string' ? Buffer.from(key, 'utf8') : (key ?? Buffer.alloc(0));
  return (murmur2(bytes) & 0x7fffffff) % partitions;
}

const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const R = 24;

function murmur2(bytes: Buffer): number {
  const { length } = bytes;
  const tail = length & ~3;
  let hash = SEED ^ length;
  for (let offset = 0; offset < tail; offset += 4) {
    let word = Math.imul(bytes.readInt32LE(offset), M);
    word ^= word >>> R;
    hash = Math.imul(hash, M) ^ Math.imul(word, M);
  }
  if (tail < length) {
    let rest = 0;
    for (let offset = length - 1; offset >= tail; offset--) {
      rest = (rest << 8) | bytes.readUInt8(offset);
    }
    hash = Math.imul(hash ^ rest, M);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  return hash ^ (hash >>> 15);
}
