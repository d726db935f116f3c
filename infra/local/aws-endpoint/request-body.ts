import type { IncomingMessage, ServerResponse } from 'node:http';

/** The body is larger than the operation allows. */
export class BodyTooLarge extends Error {
  constructor(limit: number) {
    super(`the request body is larger than ${limit} bytes`);
    this.name = 'BodyTooLarge';
  }
}

/**
 * The bytes of a request. Who stops reading leaves the connection as it is, so that a reply can
 * still be sent: see `closeUnlessRead`.
 */
export function bodyOf(request: IncomingMessage): AsyncIterable<Buffer> {
  return request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
}

/** What is left of a body would be taken for the next request: the connection ends with this reply. */
export function closeUnlessRead(request: IncomingMessage, response: ServerResponse): void {
  if (!request.complete) response.setHeader('connection', 'close');
}

/**
 * Reads a request's body whole.
 *
 * @throws {BodyTooLarge} as soon as it passes the limit.
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of bodyOf(request)) {
    size += chunk.length;
    if (size > limit) throw new BodyTooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
