import avro from 'avsc';

/**
 * Avro single-object encoding (Avro specification 1.11, "Single-object encoding"): the marker
 * `C3 01`, the CRC-64-AVRO fingerprint of the writer schema's Parsing Canonical Form in little
 * endian, then the value.
 *
 * Limits of the library: a `long` must lie within −2^52 … 2^53 − 2 (it refuses greater numbers, but
 * changes lesser ones silently), and fields that the schema does not know are left out silently.
 */
const HEADER_LENGTH = 10;
const MARKER = 0xc301;

/** CRC-64-AVRO of the empty string (Avro specification, "Schema Fingerprints"). */
const EMPTY = 0xc15d213aa4d7a795n;

const TABLE = Array.from({ length: 256 }, (_, index) => {
  let value = BigInt(index);
  for (let bit = 0; bit < 8; bit++)
    value = (value & 1n) === 1n ? (value >> 1n) ^ EMPTY : value >> 1n;
  return value;
});

/** @returns the 64-bit Rabin fingerprint of the bytes. */
export function crc64Avro(bytes: Uint8Array): bigint {
  let fingerprint = EMPTY;
  for (const byte of bytes) {
    fingerprint = (fingerprint >> 8n) ^ (TABLE[Number((fingerprint ^ BigInt(byte)) & 0xffn)] ?? 0n);
  }
  return fingerprint;
}

export interface AvroEncoder {
  /** 16 hex digits, as numbers are written. */
  readonly fingerprint: string;
  /** @throws Error when the value does not fit the schema. */
  encode(value: unknown): Buffer;
}

export interface AvroDecoder {
  readonly fingerprint: string;
  /** The writer's schema with all its attributes. */
  readonly schema: object;
  /**
   * Decodes a whole single-object encoded value that was written with this very schema.
   *
   * @throws Error when header or body do not fit.
   */
  decode(encoded: Buffer): unknown;
}

/** Compiles a schema once; keep the encoder. */
export function createEncoder(schema: object): AvroEncoder {
  const type = compile(schema);
  const { fingerprint, header } = identify(type);
  // Grows to the largest value seen; the value is written once and copied out.
  let scratch = Buffer.allocUnsafe(4096);
  return {
    fingerprint,
    encode(value) {
      let end = type.encode(value, scratch, HEADER_LENGTH);
      if (end < 0) {
        // The library tells by how much the buffer was too short.
        scratch = Buffer.allocUnsafe(2 * (scratch.length - end));
        end = type.encode(value, scratch, HEADER_LENGTH);
      }
      header.copy(scratch, 0);
      return Buffer.from(scratch.subarray(0, end));
    },
  };
}

/** Compiles a schema once; keep the decoder. */
export function createDecoder(schema: object): AvroDecoder {
  const type = compile(schema);
  const { fingerprint, header } = identify(type);
  return {
    fingerprint,
    schema,
    decode(encoded) {
      if (!encoded.subarray(0, HEADER_LENGTH).equals(header)) {
        throw new Error(`not a value of the schema ${fingerprint}`);
      }
      // Throws on truncated and on trailing bytes.
      return type.fromBuffer(encoded.subarray(HEADER_LENGTH)) as unknown;
    },
  };
}

/** @returns the writer schema's fingerprint (16 hex digits), undefined if the bytes have no header. */
export function readFingerprint(encoded: Buffer): string | undefined {
  if (encoded.length < HEADER_LENGTH || encoded.readUInt16BE(0) !== MARKER) return undefined;
  return toHex(encoded.readBigUInt64LE(2));
}

function compile(schema: object): avro.Type {
  return avro.Type.forSchema(schema as avro.Schema);
}

function identify(type: avro.Type): { readonly fingerprint: string; readonly header: Buffer } {
  // Without options `schema()` is the Parsing Canonical Form.
  const value = crc64Avro(Buffer.from(JSON.stringify(type.schema()), 'utf8'));
  const header = Buffer.alloc(HEADER_LENGTH);
  header.writeUInt16BE(MARKER, 0);
  header.writeBigUInt64LE(value, 2);
  return { fingerprint: toHex(value), header };
}

function toHex(fingerprint: bigint): string {
  return fingerprint.toString(16).padStart(16, '0');
}
