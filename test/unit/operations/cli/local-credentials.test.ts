import { expect, it } from 'vitest';
import type { Identity } from '../../../../schemas/daemon-rights.ts';
import { placeLocalCredentials } from '../../../../operations/cli/local-credentials.ts';

function credentialsFor(
  endpoint: string | undefined,
  environment: NodeJS.ProcessEnv = {},
  identity?: Identity,
) {
  const aws = { region: 'us-east-1', bucket: 'lake', ...(endpoint ? { endpoint } : {}) };
  placeLocalCredentials(aws, identity, environment);
  return environment['AWS_ACCESS_KEY_ID'];
}

it('gives the key of an identity to an endpoint on this machine only', () => {
  expect(credentialsFor('http://127.0.0.1:18401')).toBe('operations');
  expect(credentialsFor('http://[::1]:18401', {}, 'archiver')).toBe('archiver');
  expect(credentialsFor('http://127.0.0.1.example.com')).toBeUndefined();
  expect(credentialsFor('https://s3.amazonaws.com')).toBeUndefined();
  expect(credentialsFor(undefined)).toBeUndefined();
});

it('leaves credentials alone that are there', () => {
  expect(credentialsFor('http://127.0.0.1:1', { AWS_ACCESS_KEY_ID: 'mine' })).toBe('mine');
  expect(credentialsFor('http://127.0.0.1:1', { AWS_PROFILE: 'mine' })).toBeUndefined();
});
