import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Authorizer, createAuthorizer } from './authorization/authorizer.ts';
import type { EndpointStats } from './endpoint-stats.ts';
import { type Refusals, withExchangeFault } from './exchange-faults.ts';
import { type Faults, refusalsByCode } from './faults.ts';
import { BodyTooLarge, closeUnlessRead, readBody } from './request-body.ts';
import { AwsServiceError, type JsonService } from './service.ts';
import { readSignature, type SignatureProblem } from './signature.ts';

/** Above the largest legal call: 4 MiB of records in base64 and their framing. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;

const refusals: Refusals = {
  throttled: () => new AwsServiceError('ServiceUnavailableException', 'Slow down.', 503),
  failed: () => new AwsServiceError('InternalFailure', 'An internal failure occurred.', 500),
  refused: (code) => {
    const [status, message] = refusalsByCode[code];
    return new AwsServiceError(code, message, status);
  },
};

const signatureErrors: Readonly<
  Record<SignatureProblem, readonly [type: string, message: string]>
> = {
  missing: ['MissingAuthenticationTokenException', 'Missing Authentication Token'],
  malformed: ['IncompleteSignatureException', 'Authorization header is not a valid SigV4 one.'],
  'wrong-service': ['InvalidSignatureException', 'Credential is scoped to another service.'],
  skewed: ['InvalidSignatureException', 'Signature expired or not yet current.'],
};

export interface JsonDispatchOptions {
  /** Services by the name in their signatures' scope, such as `firehose`. */
  readonly services: ReadonlyMap<string, JsonService>;
  /** @default everybody may do everything */
  readonly authorizer?: Authorizer;
  readonly faults: Faults;
  readonly stats: EndpointStats;
}

/**
 * Serves one call of the AWS JSON 1.1 protocol: finds the service by `x-amz-target`, checks the
 * signature's form, calls and replies, errors as `{__type, message}`.
 *
 * @throws {ConnectionDropped} where a fault rule says so.
 */
export async function handleJsonCall(
  options: JsonDispatchOptions,
  request: IncomingMessage,
  response: ServerResponse,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  let reply: object;
  let status = 200;
  try {
    reply = await call(options, request, target, signal);
  } catch (error) {
    const refused = toServiceError(error);
    status = refused.httpStatus;
    reply = { __type: refused.type, message: refused.message };
    response.setHeader('x-amzn-errortype', refused.type);
  }
  const body = Buffer.from(JSON.stringify(reply));
  closeUnlessRead(request, response);
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': body.length,
    'x-amzn-requestid': randomUUID(),
  });
  response.end(body);
}

async function call(
  { services, authorizer = createAuthorizer(), faults, stats }: JsonDispatchOptions,
  request: IncomingMessage,
  target: string,
  signal: AbortSignal,
): Promise<object> {
  const [prefix, operation] = target.split('.');
  const found = [...services].find(([, service]) => service.targetPrefix === prefix);
  if (request.method !== 'POST' || found === undefined || operation === undefined) {
    throw new AwsServiceError('UnknownOperationException', `No service takes ${target} here.`);
  }
  const [signingName, service] = found;
  stats.countCall(operation);
  const signature = readSignature(request, signingName, Date.now());
  if (typeof signature === 'string') {
    const [type, message] = signatureErrors[signature];
    throw new AwsServiceError(type, message, 403);
  }
  if (request.headers['content-type'] !== 'application/x-amz-json-1.1') {
    throw new AwsServiceError('UnknownOperationException', 'Content-Type is not JSON 1.1.', 404);
  }
  const text = (await readBody(request, MAX_BODY_BYTES)).toString('utf8');
  const { accessKeyId: caller, region } = signature;
  const input = parseObject(text);
  const refusal = authorizer.refusal(
    caller,
    service.accesses({ operation, input, caller, region }),
  );
  if (refusal !== undefined) throw new AwsServiceError('AccessDeniedException', refusal);
  const fault = faults.nextExchange(operation, text);
  return withExchangeFault(fault, refusals, signal, () =>
    service.call({ operation, input, caller, region, signal }),
  );
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AwsServiceError('SerializationException', `The body is no JSON: ${String(cause)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AwsServiceError('SerializationException', 'The body is no JSON object.');
  }
  return value as Readonly<Record<string, unknown>>;
}

/** Errors that say what to answer; every other one is a fault of the endpoint and is thrown on. */
function toServiceError(error: unknown): AwsServiceError {
  if (error instanceof AwsServiceError) return error;
  if (error instanceof BodyTooLarge) {
    return new AwsServiceError('RequestEntityTooLargeException', error.message, 413);
  }
  throw error;
}
