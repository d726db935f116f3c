import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readSecret } from '../../../../runtime/config/secrets.ts';
import { findMskBrokers, mskToken } from '../../../../runtime/kafka/msk.ts';

const clusterArn =
  'arn:aws:kafka:eu-west-1:123456789012:cluster/careplus/11111111-2222-3333-4444-555555555555-1';
const secretArn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:careplus-reader-AbCdEf';

/** Answers the SDK's requests with one document, and keeps what was asked. */
async function serve(answer: object) {
  const asked: { request: IncomingMessage; body: string }[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      asked.push({ request, body });
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return { asked, close: () => server.close() };
}

beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'example');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe('a cluster of MSK', () => {
  it('tells its brokers for IAM', async () => {
    const brokers = 'b-1.c.kafka.amazonaws.com:9098,b-2.c.kafka.amazonaws.com:9098';
    const { asked, close } = await serve({ bootstrapBrokerStringSaslIam: brokers });
    await expect(findMskBrokers({ clusterArn, region: undefined })).resolves.toEqual(
      brokers.split(','),
    );
    expect(decodeURIComponent(asked[0]?.request.url ?? '')).toContain(clusterArn);
    expect(asked[0]?.request.headers.authorization).toContain('/eu-west-1/kafka/');
    close();
  });

  it('that has no listener for IAM is a wrong configuration', async () => {
    const { close } = await serve({ bootstrapBrokerStringTls: 'b-1:9094' });
    await expect(findMskBrokers({ clusterArn, region: undefined })).rejects.toMatchObject({
      code: 'CFG_9001',
    });
    close();
  });

  it('is logged in to by a signed address of its region that holds for 15 minutes', async () => {
    const { value } = await mskToken({ clusterArn, region: undefined });
    const address = new URL(Buffer.from(value, 'base64url').toString());
    expect(address.hostname).toBe('kafka.eu-west-1.amazonaws.com');
    expect(address.searchParams.get('Action')).toBe('kafka-cluster:Connect');
    expect(address.searchParams.get('X-Amz-Credential')).toContain('AKIDEXAMPLE');
    expect(address.searchParams.get('X-Amz-Expires')).toBe('900');
  });
});

describe('a secret by its ARN', () => {
  const place = {
    setting: 'source.passwordFile',
    file: undefined,
    secretArn,
    environmentVariable: 'CAREPLUS_TEST_ABSENT',
  };

  it.each([
    ['a text', 'open sesame'],
    ['JSON as RDS keeps it', '{"username":"reader","password":"open sesame"}'],
  ])('is %s', async (_, SecretString) => {
    const { asked, close } = await serve({ SecretString });
    await expect(readSecret(place)).resolves.toBe('open sesame');
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ SecretId: secretArn });
    expect(asked[0]?.request.headers['x-amz-target']).toBe('secretsmanager.GetSecretValue');
    close();
  });

  it.each([
    ['has no password', { SecretString: '{"username":"reader"}' }, /without `password`/],
    ['holds bytes', { SecretBinary: 'AA==' }, /holds no text/],
  ])('that %s is named with its setting, never with its content', async (_, answer, why) => {
    const { close } = await serve(answer);
    await expect(readSecret(place)).rejects.toMatchObject({ code: 'CFG_9002' });
    await expect(readSecret(place)).rejects.toThrow(why);
    await expect(readSecret(place)).rejects.not.toThrow(/username/);
    close();
  });
});
