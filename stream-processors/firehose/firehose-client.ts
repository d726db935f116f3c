import { FirehoseClient } from '@aws-sdk/client-firehose';
import type { AwsConfig } from '../../runtime/config/config-schema.ts';

/**
 * The SDK's client for the configured region or local endpoint. One attempt a call: the SDK would
 * resend a whole batch, the sender resends what was refused. The caller destroys it.
 */
export function createFirehoseClient(aws: AwsConfig): FirehoseClient {
  const client = new FirehoseClient({
    region: aws.region,
    ...(aws.endpoint === undefined ? {} : { endpoint: aws.endpoint }),
    maxAttempts: 1,
    // Without the flag the SDK only warns of a call that takes too long.
    requestHandler: {
      requestTimeout: 30_000,
      throwOnRequestTimeout: true,
      connectionTimeout: 5_000,
    },
  });
  // It copies every record of a call for a log line, though there is no log.
  client.middlewareStack.remove('loggerMiddleware');
  return client;
}
