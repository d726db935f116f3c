import type { AwsConfig } from '../../runtime/config/config-schema.ts';
import { isIdentity, OPERATIONS, type Identity } from '../../schemas/daemon-rights.ts';

/**
 * The local AWS endpoint knows callers by the access key that their requests are signed with, and
 * grants each what its role on AWS has. Only for an endpoint on this very machine, and only where
 * the environment names no credentials, those of an identity are set for this process. On AWS
 * nothing happens here: the SDK finds the real credentials by its own chain.
 */
export function placeLocalCredentials(
  aws: AwsConfig,
  identity: Identity = OPERATIONS,
  environment: NodeJS.ProcessEnv = process.env,
): void {
  if (aws.endpoint === undefined || !isLoopback(aws.endpoint)) return;
  if (environment['AWS_ACCESS_KEY_ID'] || environment['AWS_PROFILE']) return;
  environment['AWS_ACCESS_KEY_ID'] = identity;
  environment['AWS_SECRET_ACCESS_KEY'] = 'local';
}

/**
 * Signs as another identity from now on: clients that are made afterwards have its rights. Only
 * where {@link placeLocalCredentials} has placed those of one; a person's own stay.
 *
 * @returns whether it does.
 */
export function signLocallyAs(
  identity: Identity,
  environment: NodeJS.ProcessEnv = process.env,
): boolean {
  if (!isIdentity(environment['AWS_ACCESS_KEY_ID'] ?? '')) return false;
  environment['AWS_ACCESS_KEY_ID'] = identity;
  return true;
}

function isLoopback(endpoint: string): boolean {
  const { hostname } = new URL(endpoint);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
