import type { IncomingMessage } from 'node:http';

/** What a Signature Version 4 header says about the caller. */
export interface SignatureScope {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
}

export type SignatureProblem = 'missing' | 'malformed' | 'wrong-service' | 'skewed';

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;
const AMZ_DATE = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/** AWS refuses a request whose clock is further off. */
const MAX_SKEW_MS = 15 * 60 * 1000;

/**
 * Reads the request's Signature Version 4 header: its form, the signed headers, the credential's
 * date and service, and the age of the request. The HMAC itself is not verified: the endpoint
 * knows no secrets and listens on the loopback interface only.
 * Protocol: AWS IAM user guide, "Signature Version 4 for API requests".
 */
export function readSignature(
  request: IncomingMessage,
  service: string,
  nowMs: number,
): SignatureScope | SignatureProblem {
  const { authorization } = request.headers;
  if (authorization === undefined) return 'missing';
  const match = AUTHORIZATION.exec(authorization);
  const [, accessKeyId, day, region, scopeService, signedHeaders] = match ?? [];
  if (
    accessKeyId === undefined ||
    day === undefined ||
    region === undefined ||
    scopeService === undefined ||
    signedHeaders === undefined
  ) {
    return 'malformed';
  }
  if (!signedHeaders.split(';').includes('host')) return 'malformed';
  const date = request.headers['x-amz-date'];
  if (typeof date !== 'string' || !AMZ_DATE.test(date) || !date.startsWith(day)) return 'malformed';
  const sentMs = Date.parse(date.replace(AMZ_DATE, '$1-$2-$3T$4:$5:$6Z'));
  if (scopeService !== service) return 'wrong-service';
  if (!(Math.abs(nowMs - sentMs) <= MAX_SKEW_MS)) return 'skewed';
  return { accessKeyId, region, service };
}
