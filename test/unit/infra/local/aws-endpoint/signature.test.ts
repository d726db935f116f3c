import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { readSignature } from '../../../../../infra/local/aws-endpoint/signature.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const good = {
  authorization:
    'AWS4-HMAC-SHA256 Credential=local/20260301/eu-west-1/s3/aws4_request, ' +
    `SignedHeaders=host;x-amz-date, Signature=${'0a'.repeat(32)}`,
  'x-amz-date': '20260301T115900Z',
};

const read = (headers: Record<string, string | undefined>, service = 's3') =>
  readSignature({ headers } as unknown as IncomingMessage, service, now);

describe('readSignature', () => {
  it('gives the scope of a well-formed header', () => {
    expect(read(good)).toEqual({ accessKeyId: 'local', region: 'eu-west-1', service: 's3' });
  });

  it.each([
    ['missing', { ...good, authorization: undefined }],
    ['malformed', { ...good, authorization: 'Basic bG9jYWw6bG9jYWw=' }],
    ['malformed', { ...good, authorization: good.authorization.replace('host;', '') }],
    ['malformed', { ...good, authorization: good.authorization.slice(0, -1) }],
    ['malformed', { ...good, 'x-amz-date': undefined }],
    ['malformed', { ...good, 'x-amz-date': '20260302T115900Z' }],
    ['skewed', { ...good, 'x-amz-date': '20260301T114459Z' }],
  ] as const)('says %s', (problem, headers) => {
    expect(read(headers)).toBe(problem);
  });

  it('refuses the signature of another service', () => {
    expect(read(good, 'firehose')).toBe('wrong-service');
  });
});
