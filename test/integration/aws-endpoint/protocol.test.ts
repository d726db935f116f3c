import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type EndpointProcess,
  startEndpointProcess,
} from '../../conformance/endpoint-under-test.ts';

let stateDir: string;
let endpoint: EndpointProcess;

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'careplus-protocol-'));
  endpoint = await startEndpointProcess(stateDir);
  await send('PUT', '/lake', { headers: signed('s3') });
});

afterAll(async () => {
  await endpoint.stop();
  await rm(stateDir, { recursive: true });
});

/** Headers as a client signs them; the endpoint checks their form only. */
function signed(service: string, atMs = Date.now()): Record<string, string> {
  const date = new Date(atMs).toISOString().replace(/[-:]|\.\d+/g, '');
  return {
    'x-amz-date': date,
    'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
    authorization:
      `AWS4-HMAC-SHA256 Credential=local/${date.slice(0, 8)}/us-east-1/${service}/aws4_request, ` +
      `SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`,
  };
}

interface Reply {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

async function send(
  method: string,
  path: string,
  { headers = {}, body = '' }: { headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const call = request(new URL(path, endpoint.url), { method, headers }, (response) => {
      text(response).then(
        (received) =>
          resolve({ status: response.statusCode, headers: response.headers, body: received }),
        reject,
      );
    });
    call.on('error', reject);
    call.end(body);
  });
}

const firehose = (
  operation: string,
  body: string,
  headers: Record<string, string> = signed('firehose'),
) =>
  send('POST', '/', {
    headers: {
      ...headers,
      'x-amz-target': `Firehose_20150804.${operation}`,
      'content-type': 'application/x-amz-json-1.1',
    },
    body,
  });

describe('who may call', () => {
  it.each([
    ['no signature', {}, 403, 'AccessDenied'],
    ['the signature of another service', signed('firehose'), 400, 'AuthorizationHeaderMalformed'],
    ['an old signature', signed('s3', Date.now() - 20 * 60_000), 403, 'RequestTimeTooSkewed'],
  ])('S3 refuses %s', async (_, headers: Record<string, string>, status, code) => {
    const reply = await send('GET', '/lake?list-type=2', { headers });
    expect(reply.status).toBe(status);
    expect(reply.body).toContain(`<Code>${code}</Code>`);
  });

  it('JSON services refuse a call without a signature of their own', async () => {
    const unsigned = await firehose('ListDeliveryStreams', '{}', {});
    expect(unsigned.status).toBe(403);
    expect(JSON.parse(unsigned.body)).toMatchObject({
      __type: 'MissingAuthenticationTokenException',
    });
    const foreign = await firehose('ListDeliveryStreams', '{}', signed('s3'));
    expect(JSON.parse(foreign.body)).toMatchObject({ __type: 'InvalidSignatureException' });
  });

  it('refuses a host name that a web page may have pointed here', async () => {
    const reply = await send('GET', '/__health', { headers: { host: 'evil.example:80' } });
    expect(reply.status).toBe(403);
  });

  it('does not take what a page in a browser sends, faults included', async () => {
    for (const origin of ['http://evil.example', 'http://127.0.0.1:8080', 'null']) {
      const reply = await send('POST', '/__faults', {
        headers: { origin, 'content-type': 'text/plain' },
        body: '{}',
      });
      expect(reply.status, origin).toBe(403);
    }
  });
});

describe('S3', () => {
  const stream = (wire: string, length: number) =>
    send('PUT', '/lake/streamed', {
      headers: {
        ...signed('s3'),
        'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        'x-amz-decoded-content-length': String(length),
        'x-amz-trailer': 'x-amz-checksum-crc32',
        'content-encoding': 'aws-chunked',
      },
      body: wire,
    });

  it.each([
    [
      'a wrong checksum',
      '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n',
      5,
      'BadDigest',
    ],
    ['a missing trailer', '5\r\nhello\r\n0\r\n\r\n', 5, 'MalformedTrailerError'],
    [
      'another length',
      '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n',
      6,
      'IncompleteBody',
    ],
    ['an early end', '5\r\nhel', 5, 'IncompleteBody'],
  ])('refuses a chunked body with %s and stores nothing', async (_, wire, length, code) => {
    expect((await stream(wire, length)).body).toContain(`<Code>${code}</Code>`);
    const { status } = await send('HEAD', '/lake/streamed', { headers: signed('s3') });
    expect(status).toBe(404);
  });

  it('refuses a body that is not the one whose SHA-256 was signed', async () => {
    const headers = { ...signed('s3'), 'x-amz-content-sha256': '0'.repeat(64) };
    const reply = await send('PUT', '/lake/signed', { headers, body: 'hello' });
    expect(reply.body).toContain('<Code>XAmzContentSHA256Mismatch</Code>');
  });

  it.each([
    ['an operation', '/lake/a?acl', {}],
    ['a header', '/lake/a', { 'x-amz-copy-source': '/lake/b' }],
    ['a checksum', '/lake/a', { 'x-amz-checksum-crc64nvme': 'AAAAAAAAAAA=' }],
  ])('says so of %s that it does not serve', async (_, path, more: Record<string, string>) => {
    const reply = await send('PUT', path, { headers: { ...signed('s3'), ...more }, body: 'x' });
    expect(reply.status).toBe(501);
    expect(reply.body).toContain('<Code>NotImplemented</Code>');
  });

  it('refuses DeleteObjects without a checksum and with broken XML', async () => {
    const body = '<Delete><Object><Key>a</Key></Object></Delete>';
    const bare = await send('POST', '/lake?delete', { headers: signed('s3'), body });
    expect(bare.body).toContain('<Code>InvalidRequest</Code>');
    const headers = { ...signed('s3'), 'x-amz-checksum-crc32': 'NhCmhg==' };
    const broken = await send('POST', '/lake?delete', { headers, body: 'hello' });
    expect(broken.body).toContain('<Code>MalformedXML</Code>');
  });
});

describe('JSON services', () => {
  it.each([
    ['UnknownOperationException', 'CreateTheImpossible', '{}'],
    ['SerializationException', 'ListDeliveryStreams', 'no json'],
    ['SerializationException', 'ListDeliveryStreams', '[]'],
    ['ValidationException', 'PutRecordBatch', '{"DeliveryStreamName":"a"}'],
    [
      'SerializationException',
      'PutRecord',
      '{"DeliveryStreamName":"a","Record":{"Data":"not base64"}}',
    ],
  ])('say %s to %s %s', async (type, operation, body) => {
    const reply = await firehose(operation, body);
    expect(reply.status).toBe(400);
    expect(reply.headers['x-amzn-errortype']).toBe(type);
    expect(JSON.parse(reply.body)).toMatchObject({ __type: type });
  });

  it('refuse a body beyond any legal call, and serve the next call', async () => {
    // The refusal comes while the body is still being sent: the client may see a reset instead.
    const reply = await firehose('PutRecordBatch', 'x'.repeat(9 * 1024 * 1024)).then(
      ({ status }) => status,
      (error: unknown) => (error as { code: string }).code,
    );
    expect([413, 'ECONNRESET', 'EPIPE']).toContain(reply);
    expect((await send('GET', '/__health')).status).toBe(200);
  });
});

describe('the process', () => {
  it('says which services it runs', async () => {
    const reply = await send('GET', '/__health');
    expect(JSON.parse(reply.body)).toEqual({ status: 'ready', services: ['firehose', 's3'] });
  });

  it.each([
    ['a port that is none', ['--port', 'http']],
    ['an unknown service', ['--only', 's3,sqs']],
    ['an unknown option', ['--host', '0.0.0.0']],
    ['redshift-data without a warehouse', ['--only', 'redshift-data']],
  ])('does not start with %s', async (_, args) => {
    await expect(startEndpointProcess(stateDir, args)).rejects.toThrow('Usage:');
  });

  it('does not start on a port that is taken', async () => {
    const { port } = new URL(endpoint.url);
    const second = startEndpointProcess(stateDir, ['--only', 's3', '--port', port]);
    await expect(second).rejects.toThrow('EADDRINUSE');
  });
});
