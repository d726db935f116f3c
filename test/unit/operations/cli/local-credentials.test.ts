import { expect, it } from 'vitest';
import type { Identity } from '../../../../schemas/daemon-rights.ts';
import {
  placeLocalCredentials,
  signLocallyAs,
} from '../../../../operations/cli/local-credentials.ts';

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

it('signs as another identity only where it has placed one', () => {
  const placed = { AWS_ACCESS_KEY_ID: 'operations' };
  expect(signLocallyAs('archiver', placed)).toBe(true);
  expect(placed.AWS_ACCESS_KEY_ID).toBe('archiver');
  const own = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE' };
  expect(signLocallyAs('archiver', own)).toBe(false);
  expect(own.AWS_ACCESS_KEY_ID).toBe('AKIDEXAMPLE');
  expect(signLocallyAs('archiver', {})).toBe(false);
});
