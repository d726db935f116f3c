import { S3Client } from '@aws-sdk/client-s3';
import type { AwsConfig } from '../config/config-schema.ts';

/** The SDK's client for the configured region or local endpoint. The caller destroys it. */
export function createS3Client(
  aws: Pick<AwsConfig, 'region' | 'endpoint'>,
  { requestTimeoutMs = 30_000 }: { readonly requestTimeoutMs?: number } = {},
): S3Client {
  return new S3Client({
    region: aws.region,
    ...(aws.endpoint === undefined ? {} : { endpoint: aws.endpoint }),
    requestHandler: {
      requestTimeout: requestTimeoutMs,
      // Without the flag the SDK only warns of a call that takes too long.
      throwOnRequestTimeout: true,
      connectionTimeout: 5_000,
    },
  });
}
