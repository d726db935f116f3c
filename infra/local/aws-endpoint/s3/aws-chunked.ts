import { S3Error } from './s3-error.ts';

const CRLF = Buffer.from('\r\n');
const MAX_LINE_BYTES = 16 * 1024;
const CHUNK_HEADER = /^([0-9a-f]{1,8})(?:;chunk-signature=[0-9a-f]{64})?$/i;
const TRAILER = /^([a-z0-9-]+):\s*(\S.*)$/i;

/**
 * Decodes the `aws-chunked` content encoding: `size[;chunk-signature]\r\n data \r\n … 0\r\n`, then
 * trailers and an empty line. Chunk signatures are passed over, not verified.
 * Protocol: S3 API reference, "Transferring payload in multiple chunks with trailing headers".
 *
 * @param trailers takes the trailing headers, lower-cased, before the last chunk is given.
 * @throws {S3Error} IncompleteBody where the stream ends early, InvalidRequest where it is malformed.
 */
export async function* decodeAwsChunked(
  source: AsyncIterable<Buffer>,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer, void> {
  const reader = new FramedReader(source);
  for (;;) {
    const [, hexSize] = CHUNK_HEADER.exec(await reader.line()) ?? [];
    if (hexSize === undefined) throw malformed('a chunk size');
    let left = Number.parseInt(hexSize, 16);
    if (left === 0) break;
    while (left > 0) {
      const data = await reader.upTo(left);
      left -= data.length;
      yield data;
    }
    if ((await reader.line()) !== '') throw malformed('the end of a chunk');
  }
  for (let line = await reader.line(); line !== ''; line = await reader.line()) {
    const [, name, value] = TRAILER.exec(line) ?? [];
    if (name === undefined || value === undefined) throw malformed('a trailer');
    trailers.set(name.toLowerCase(), value.trim());
  }
}

/** Gives lines and runs of bytes out of a stream, without copying the runs. */
class FramedReader {
  readonly #source: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next line without its CRLF. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf(CRLF);
      if (end !== -1) {
        const line = this.#rest.toString('latin1', 0, end);
        this.#rest = this.#rest.subarray(end + CRLF.length);
        return line;
      }
      if (this.#rest.length > MAX_LINE_BYTES) throw malformed('a line end');
      const more = await this.#more();
      this.#rest = this.#rest.length === 0 ? more : Buffer.concat([this.#rest, more]);
    }
  }

  /** At least one and at most `count` bytes. */
  async upTo(count: number): Promise<Buffer> {
    while (this.#rest.length === 0) this.#rest = await this.#more();
    const data = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(data.length);
    return data;
  }

  async #more(): Promise<Buffer> {
    const next = await this.#source.next();
    if (next.done === true) {
      throw new S3Error('IncompleteBody', 'The request body terminated unexpectedly.');
    }
    return next.value;
  }
}

function malformed(what: string): S3Error {
  return new S3Error('InvalidRequest', `The aws-chunked body is malformed: ${what} was expected.`);
}
