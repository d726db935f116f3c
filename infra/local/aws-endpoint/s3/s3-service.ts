import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type Authorizer, createAuthorizer } from '../authorization/authorizer.ts';
import type { EndpointStats } from '../endpoint-stats.ts';
import { type Refusals, withExchangeFault } from '../exchange-faults.ts';
import type { Faults } from '../faults.ts';
import { closeUnlessRead } from '../request-body.ts';
import type { RestService } from '../service.ts';
import { readSignature, type SignatureProblem } from '../signature.ts';
import { bucketOperations } from './bucket-operations.ts';
import { multipartOperations } from './multipart-operations.ts';
import { objectOperations } from './object-operations.ts';
import type { ObjectStore } from './object-store.ts';
import { accessOf, listing } from './object-access.ts';
import { operationOf, parseAddress, type S3Address, type S3Operation } from './operations.ts';
import type { FileSlice, S3Handler, S3Reply } from './s3-call.ts';
import { S3Error, type S3ErrorCode } from './s3-error.ts';
import { element } from './xml.ts';

export interface S3ServiceOptions {
  /** @default everybody may do everything */
  readonly authorizer?: Authorizer;
  readonly store: ObjectStore;
  readonly faults: Faults;
  readonly stats: EndpointStats;
}

const refusals: Refusals = {
  throttled: () => new S3Error('SlowDown', 'Please reduce your request rate.'),
  failed: () => new S3Error('InternalError', 'We encountered an internal error.'),
  refused: () => new S3Error('AccessDenied', 'Access Denied'),
};

const signatureErrors: Readonly<Record<SignatureProblem, S3ErrorCode>> = {
  missing: 'AccessDenied',
  malformed: 'AuthorizationHeaderMalformed',
  'wrong-service': 'AuthorizationHeaderMalformed',
  skewed: 'RequestTimeTooSkewed',
};

/** S3 over the store, path style only. */
export function createS3Service(options: S3ServiceOptions): RestService {
  const { authorizer = createAuthorizer(), store, faults, stats } = options;
  const handlers: Readonly<Record<S3Operation, S3Handler>> = {
    ...bucketOperations(store),
    ...objectOperations(store),
    ...multipartOperations(store),
  };
  const stopping = new AbortController();

  const serve = async (request: IncomingMessage): Promise<S3Reply> => {
    const address = parseAddress(request.url ?? '/');
    if (address === undefined) throw new S3Error('InvalidURI', "Couldn't parse the specified URI.");
    const operation = operationOf(request.method ?? '', address);
    if (operation === undefined) {
      throw new S3Error('NotImplemented', 'The local endpoint does not serve this operation.');
    }
    stats.countCall(operation);
    const signature = readSignature(request, 's3', Date.now());
    if (typeof signature === 'string') {
      throw new S3Error(signatureErrors[signature], `The signature is ${signature}.`);
    }
    refuseUnknownHeaders(request.headers);
    const { accessKeyId, region } = signature;
    const refusal = authorizer.refusal(accessKeyId, [accessOf(operation, address)]);
    if (refusal !== undefined) throw new S3Error('AccessDenied', refusal);
    const call = { ...address, request, region };
    return withExchangeFault(
      faults.nextExchange(operation, `${address.bucket}/${address.key}`),
      refusals,
      stopping.signal,
      () =>
        handlers[operation](call).catch((error: unknown) => {
          throw mayKnowKeys(accessKeyId, address) ? error : hiddenKey(error);
        }),
      discardReply,
    );
  };

  /** That a key is not there is told only to who may list (S3 API reference, GetObject). */
  const mayKnowKeys = (accessKeyId: string, { bucket }: S3Address) =>
    authorizer.refusal(accessKeyId, [listing(bucket)]) === undefined;

  return {
    async handle(request, response) {
      let reply: S3Reply;
      try {
        reply = await serve(request);
      } catch (error) {
        if (!(error instanceof S3Error)) throw error;
        reply = errorReply(error, request.url ?? '/');
      }
      await send(reply, request, response);
    },
    async close() {
      stopping.abort();
    },
  };
}

function hiddenKey(error: unknown): unknown {
  const isMissing = error instanceof S3Error && error.code === 'NoSuchKey';
  return isMissing ? new S3Error('AccessDenied', 'Access Denied') : error;
}

const knownHeaders =
  /^x-amz-(?:content-sha256|date|security-token|user-agent|meta-.*|checksum-(?:mode|algorithm|crc32|crc32c|crc64nvme|sha1|sha256)|sdk-checksum-algorithm|trailer|decoded-content-length)$/;

/** A header that asks for something must not be passed over in silence. */
function refuseUnknownHeaders(headers: IncomingHttpHeaders): void {
  for (const name of Object.keys(headers)) {
    const isCondition = name === 'if-modified-since' || name === 'if-unmodified-since';
    if (isCondition || (name.startsWith('x-amz-') && !knownHeaders.test(name))) {
      throw new S3Error('NotImplemented', `The local endpoint does not serve the header ${name}.`);
    }
  }
}

function errorReply(error: S3Error, target: string): S3Reply {
  const body = element('Error', [
    element('Code', error.code),
    element('Message', error.message),
    element('Resource', target.split('?', 1)[0]),
  ]);
  return {
    status: error.httpStatus,
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
  };
}

async function send(
  reply: S3Reply,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, headers = {}, body } = reply;
  response.setHeader('x-amz-request-id', randomBytes(8).toString('hex').toUpperCase());
  response.setHeader('server', 'AmazonS3');
  closeUnlessRead(request, response);
  if (typeof body === 'object') {
    response.writeHead(status, headers);
    await sendSlice(body, response);
    return;
  }
  // HEAD has the headers of the body that it does not send, but none of an error's.
  const isHead = request.method === 'HEAD';
  const bytes = Buffer.from(isHead ? '' : (body ?? ''));
  const hasBody = status !== 204 && status !== 304;
  response.writeHead(status, { ...(hasBody && { 'content-length': bytes.length }), ...headers });
  response.end(bytes);
}

async function sendSlice(
  { file, first, last }: FileSlice,
  response: ServerResponse,
): Promise<void> {
  try {
    if (last < first) response.end();
    else
      await pipeline(
        file.createReadStream({ start: first, end: last, autoClose: false }),
        response,
      );
  } finally {
    await file.close();
  }
}

async function discardReply({ body }: S3Reply): Promise<void> {
  if (typeof body === 'object') await body.file.close();
}
