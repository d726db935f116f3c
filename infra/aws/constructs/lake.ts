import { Duration } from 'aws-cdk-lib';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  StorageClass,
  type BucketProps,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { LOADER_PREFIX } from '../../../schemas/lake-layout.ts';
import { logDatasets, tableDatasets } from '../../../schemas/datasets/registry.ts';
import { rawPrefix } from '../../../schemas/raw-archive.ts';
import type { Deployment } from '../deployment.ts';
import { KEPT } from '../removal.ts';

/** Results of Athena's queries; `_` keeps Athena from reading them as data. */
export const ATHENA_RESULTS_PREFIX = '_athena/';

/** The raw archive is read by replays of old records only. */
const RAW_COLD_AFTER = Duration.days(90);

const safe = {
  encryption: BucketEncryption.S3_MANAGED,
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  removalPolicy: KEPT,
} as const satisfies BucketProps;

/** The lake's bucket, and the one that holds access logs. */
export class Lake extends Construct {
  readonly bucket: Bucket;
  readonly accessLogs: Bucket;

  constructor(scope: Construct, id: string, { bucket }: Deployment) {
    super(scope, id);
    this.accessLogs = new Bucket(this, 'AccessLogs', {
      ...safe,
      bucketName: `${bucket}-logs`,
      lifecycleRules: [{ expiration: Duration.days(90) }],
    });
    this.bucket = new Bucket(this, 'Bucket', {
      ...safe,
      bucketName: bucket,
      versioned: true,
      serverAccessLogsBucket: this.accessLogs,
      serverAccessLogsPrefix: 'lake/',
      lifecycleRules: [
        {
          id: 'versions',
          noncurrentVersionExpiration: Duration.days(30),
          abortIncompleteMultipartUploadAfter: Duration.days(7),
        },
        ...[...tableDatasets, ...logDatasets].map((dataset) => ({
          id: `cold-${dataset.name}`,
          prefix: rawPrefix(dataset),
          transitions: [
            {
              storageClass: StorageClass.GLACIER_INSTANT_RETRIEVAL,
              transitionAfter: RAW_COLD_AFTER,
            },
          ],
        })),
        {
          id: 'manifests',
          prefix: `${LOADER_PREFIX}manifests/`,
          expiration: Duration.days(30),
        },
        { id: 'athena', prefix: ATHENA_RESULTS_PREFIX, expiration: Duration.days(7) },
      ],
    });
  }
}
