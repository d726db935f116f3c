import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzip } from 'node:zlib';
import type { PageFile } from './page-files.ts';

/**
 * Nothing comes from elsewhere, nothing is inline, nobody may frame the page (CSP Level 3).
 */
const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
} as const;

/** Shorter bodies are sent as they are. */
const WORTH_PACKING_BYTES = 2_000;

/** One request's answer, with the headers that every answer has. */
export interface Answer {
  json(status: number, body: object): void;
  /** A text that is kept as a file of that name. */
  attachment(name: string, contentType: string, text: string): void;
  /** A file as it was read at start; one that the browser has already is not sent again. */
  file(file: PageFile): void;
  /** A stream of server-sent events. */
  stream(begin: (response: ServerResponse) => void): void;
}

export function createAnswer(request: IncomingMessage, response: ServerResponse): Answer {
  const takesGzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');

  function whole(status: number, headers: Readonly<Record<string, string>>, body: Buffer): void {
    response.writeHead(status, {
      ...securityHeaders,
      'cache-control': 'no-cache',
      vary: 'accept-encoding',
      'content-length': body.length,
      ...headers,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  function packed(status: number, headers: Readonly<Record<string, string>>, text: string): void {
    const bytes = Buffer.from(text);
    if (!takesGzip || bytes.length < WORTH_PACKING_BYTES) {
      whole(status, headers, bytes);
      return;
    }
    gzip(bytes, (error, shorter) => {
      if (error) whole(status, headers, bytes);
      else whole(status, { ...headers, 'content-encoding': 'gzip' }, shorter);
    });
  }

  return {
    json(status, body) {
      packed(status, { 'content-type': 'application/json; charset=utf-8' }, JSON.stringify(body));
    },
    attachment(name, contentType, text) {
      const disposition = { 'content-disposition': `attachment; filename="${name}"` };
      packed(200, { 'content-type': contentType, ...disposition }, text);
    },
    file({ contentType, body, packed: shorter, etag }) {
      const headers = { 'content-type': contentType, etag };
      if (request.headers['if-none-match'] === etag) {
        response.writeHead(304, { ...securityHeaders, 'cache-control': 'no-cache', etag });
        response.end();
      } else if (takesGzip && shorter !== null) {
        whole(200, { ...headers, 'content-encoding': 'gzip' }, shorter);
      } else {
        whole(200, headers, body);
      }
    },
    stream(begin) {
      response.writeHead(200, {
        ...securityHeaders,
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
      });
      if (request.method === 'HEAD') response.end();
      else begin(response);
    },
  };
}
