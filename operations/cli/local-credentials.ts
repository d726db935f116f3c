import type { AwsConfig } from '../../runtime/config/config-schema.ts';

/**
 * The local AWS endpoint knows no accounts, but the SDK signs every request and so refuses to work
 * without some credentials. Only for an endpoint on this very machine, and only where the
 * environment names none, a placeholder pair is set for this process. On AWS nothing happens here:
 * the SDK finds the real credentials by its own chain.
 */
export function placeLocalCredentials(
  aws: AwsConfig,
  environment: NodeJS.ProcessEnv = process.env,
): void {
  if (aws.endpoint === undefined || !isLoopback(aws.endpoint)) return;
  if (environment['AWS_ACCESS_KEY_ID'] || environment['AWS_PROFILE']) return;
  environment['AWS_ACCESS_KEY_ID'] = 'local';
  environment['AWS_SECRET_ACCESS_KEY'] = 'local';
}

function isLoopback(endpoint: string): boolean {
  const { hostname } = new URL(endpoint);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
