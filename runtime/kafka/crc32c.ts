/** CRC-32C (Castagnoli, RFC 3720 appendix B.4), the checksum of a Kafka record batch. */
const POLYNOMIAL = 0x82f63b78;
const SLICES = 8;

/**
 * Table `k` holds the checksum of a byte followed by `k` zero bytes, so that eight bytes are taken
 * at a time (the "slicing-by-8" of Kounavis and Berry).
 */
const TABLES = new Uint32Array(SLICES * 256);
for (let byte = 0; byte < 256; byte++) {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  TABLES[byte] = value;
}
for (let index = 256; index < SLICES * 256; index++) {
  const before = at(index - 256);
  TABLES[index] = (before >>> 8) ^ at(before & 0xff);
}

function at(index: number): number {
  return TABLES[index] ?? 0;
}

/** @returns the checksum of `bytes[start, end)`, unsigned. */
export function crc32c(bytes: Buffer, start: number, end: number): number {
  const tables = TABLES;
  let crc = 0xffffffff;
  let offset = start;
  for (; offset + SLICES <= end; offset += SLICES) {
    const low = crc ^ bytes.readUInt32LE(offset);
    const high = bytes.readUInt32LE(offset + 4);
    crc =
      (tables[1792 + (low & 0xff)] as number) ^
      (tables[1536 + ((low >>> 8) & 0xff)] as number) ^
      (tables[1280 + ((low >>> 16) & 0xff)] as number) ^
      (tables[1024 + (low >>> 24)] as number) ^
      (tables[768 + (high & 0xff)] as number) ^
      (tables[512 + ((high >>> 8) & 0xff)] as number) ^
      (tables[256 + ((high >>> 16) & 0xff)] as number) ^
      (tables[high >>> 24] as number);
  }
  for (; offset < end; offset++) crc = (crc >>> 8) ^ at((crc ^ bytes.readUInt8(offset)) & 0xff);
  return (crc ^ 0xffffffff) >>> 0;
}
