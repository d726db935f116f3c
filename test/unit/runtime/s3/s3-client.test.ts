import { HeadBucketCommand } from '@aws-sdk/client-s3';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { createS3Client } from '../../../../runtime/s3/s3-client.ts';

let server: Server | undefined;

afterEach(() => {
  vi.unstubAllEnvs();
  server?.close();
  server?.closeAllConnections();
});

it('gives up on an endpoint that takes a request and never answers', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'x');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'x');
  let asked = 0;
  server = createServer(() => (asked += 1));
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const aws = { region: 'us-east-1', endpoint: `http://127.0.0.1:${port}` };
  const client = createS3Client(aws, { requestTimeoutMs: 50 });
  await expect(client.send(new HeadBucketCommand({ Bucket: 'b' }))).rejects.toMatchObject({
    name: 'TimeoutError',
  });
  expect(asked).toBeGreaterThan(0);
  client.destroy();
});
