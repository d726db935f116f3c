import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import type { AwsConfig } from '../config/config-schema.ts';

/** Above the longest long poll of the Data API (30 s). */
const REQUEST_TIMEOUT_MS = 45_000;

/** The SDK's client for the configured region or local endpoint. The caller destroys it. */
export function createRedshiftDataClient(aws: AwsConfig): RedshiftDataClient {
  return new RedshiftDataClient({
    region: aws.region,
    ...(aws.endpoint === undefined ? {} : { endpoint: aws.endpoint }),
    requestHandler: {
      requestTimeout: REQUEST_TIMEOUT_MS,
      // Without the flag the SDK only warns of a call that takes too long.
      throwOnRequestTimeout: true,
      connectionTimeout: 5_000,
    },
  });
}
