import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AdminOptions, handleAdmin } from './admin.ts';
import { handleJsonCall, type JsonDispatchOptions } from './aws-json.ts';
import { hasErrorCode } from './durable-files.ts';
import { ConnectionDropped } from './exchange-faults.ts';
import type { RestService } from './service.ts';

const HOST = '127.0.0.1';

export interface EndpointOptions extends JsonDispatchOptions, Omit<AdminOptions, 'services'> {
  /** 0 takes a free one. */
  readonly port: number;
  /** Takes every request without `x-amz-target`. */
  readonly s3: RestService | undefined;
  /** Told of every fault of the endpoint itself. */
  readonly onError: (error: unknown) => void;
}

export interface Endpoint {
  /** Names of the services that it runs. */
  readonly services: readonly string[];
  readonly url: string;
  readonly port: number;
  /** Ends long polls, answers what is being served, then closes the services. */
  close(): Promise<void>;
}

/**
 * Starts the local AWS endpoint on the loopback interface: `/__…` for its own paths, JSON services
 * by `x-amz-target`, S3 for the rest.
 *
 * @returns when it listens. @throws the listen error, such as EADDRINUSE.
 */
export async function startEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const stopping = new AbortController();
  const services = [...options.services.keys(), ...(options.s3 ? ['s3'] : [])];
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // Browsers name the page that sends; no client of AWS does.
    if (!isLoopbackHost(request.headers.host) || request.headers.origin !== undefined) {
      response.writeHead(403).end();
      return;
    }
    const path = request.url?.split('?', 1)[0] ?? '/';
    if (path.startsWith('/__')) {
      await handleAdmin({ ...options, services }, request, response, path);
      return;
    }
    const target = request.headers['x-amz-target'];
    if (typeof target === 'string') {
      await handleJsonCall(
        options,
        request,
        response,
        target,
        callSignal(response, stopping.signal),
      );
    } else if (options.s3 !== undefined) {
      await options.s3.handle(request, response);
    } else {
      response.writeHead(404).end();
    }
  };
  const server = createServer((request, response) => {
    response.once('close', () => {
      if (stopping.signal.aborted) server.closeIdleConnections();
    });
    serve(request, response).catch((error: unknown) => {
      const isExpected =
        error instanceof ConnectionDropped ||
        request.destroyed ||
        hasErrorCode(error, 'ERR_STREAM_PREMATURE_CLOSE') ||
        stopping.signal.aborted;
      if (!isExpected) options.onError(error);
      if (isExpected || response.headersSent) response.destroy();
      else response.writeHead(500).end();
    });
  });
  // A client that reuses a connection just as the server closes it would see a reset: never close.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, HOST, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;

  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    stopping.abort();
    server.closeIdleConnections();
    // S3 holds nothing but waits of its own; they end here.
    await options.s3?.close();
    await closed;
    for (const service of options.services.values()) await service.close();
  };
  let closing: Promise<void> | undefined;
  return { services, url: `http://${HOST}:${port}`, port, close: () => (closing ??= close()) };
}

/** A page in a browser must not reach the endpoint by a name that it has pointed at the loopback address. */
function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host);
}

function callSignal(response: ServerResponse, stopping: AbortSignal): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return AbortSignal.any([gone.signal, stopping]);
}
