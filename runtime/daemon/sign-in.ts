import type { IncomingMessage, ServerResponse } from 'node:http';

/** The longest form that is read: a token, and what browsers put around it. */
const MAX_FORM_BYTES = 8_192;

/** Sends to the address by which it was asked for. No script, nothing from elsewhere. */
const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width" />
    <meta name="color-scheme" content="light dark" />
    <title>CarePlus Streams</title>
  </head>
  <body>
    <main>
      <h1>CarePlus Streams</h1>
      <form method="post">
        <p><label for="token">Token</label></p>
        <p>
          <input id="token" name="token" type="password" autocomplete="current-password" required autofocus />
          <button>Open</button>
        </p>
      </form>
    </main>
  </body>
</html>
`;

/** Answers a browser that has no token, or a wrong one, with a form that asks for it. */
export function showSignIn(response: ServerResponse): void {
  response.writeHead(401, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  });
  response.end(PAGE);
}

/** @returns the form's token; undefined when the body is none, is too long, or breaks off. */
export async function typedToken(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    // What is too long is left unread, not cut off: the answer still has to get through.
    for await (const part of request.iterator({
      destroyOnReturn: false,
    }) as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > MAX_FORM_BYTES) return undefined;
      parts.push(part);
    }
  } catch {
    return undefined;
  }
  const form = new URLSearchParams(Buffer.concat(parts).toString('utf8'));
  return form.get('token')?.trim();
}
