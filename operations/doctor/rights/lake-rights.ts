import {
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Config } from '../../../runtime/config/config-schema.ts';
import { createS3Client } from '../../../runtime/s3/s3-client.ts';
import type { Identity, LakeRights } from '../../../schemas/daemon-rights.ts';
import type { Part } from '../finding.ts';
import { awsRefusal } from './aws-refusal.ts';
import { rightsPart, type Right } from './right.ts';

/** Under a prefix; nothing of that name is ever written. */
const PROBE = 'careplus-doctor';

/** MD5 of the empty text in base64, which the body of a probe is not. */
const OTHER_MD5 = '1B2M2Y8AsgTpgAmY7PhCfg==';

/** A daemon's rights on the lake's bucket. */
export function lakeRights({ aws }: Config, identity: Identity, rights: LakeRights): Part {
  const client = createS3Client(aws);
  return rightsPart({
    ...{ name: 'lake', identity },
    rights: bucketRights(rights, client, aws.bucket),
    close: async () => client.destroy(),
  });
}

/** Listed apart, so that a test can compare it with the role. */
export function bucketRights(
  { lists = [], gets = [], puts = [] }: LakeRights,
  client: Pick<S3Client, 'send'>,
  bucket: string,
): Right[] {
  const right = (
    action: string,
    key: string,
    call: (abortSignal: AbortSignal) => Promise<string | undefined>,
  ): Right => ({
    action: `s3:${action}`,
    resource: `s3://${bucket}/${key}`,
    grant: `allow s3:${action} on arn:aws:s3:::${action === 'ListBucket' ? bucket : `${bucket}/${key}`}`,
    refusal: call,
  });
  const probe = (key: string) => key.replace(/\*$/, PROBE);
  return [
    ...lists.map((prefix) =>
      right('ListBucket', prefix, (abortSignal) => {
        const list = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 });
        return awsRefusal(client.send(list, { abortSignal }));
      }),
    ),
    // A key that is not there is 404 to who may read and list, and 403 to everybody else.
    ...gets.map((key) =>
      right('GetObject', key, (abortSignal) => {
        const head = new HeadObjectCommand({ Bucket: bucket, Key: probe(key) });
        return awsRefusal(client.send(head, { abortSignal }), ['NotFound']);
      }),
    ),
    // With the digest of another body: S3 compares when all has come, and keeps nothing.
    ...puts.map((key) =>
      right('PutObject', key, (abortSignal) => {
        const put = new PutObjectCommand({
          ...{ Bucket: bucket, Key: probe(key), Body: PROBE, ContentMD5: OTHER_MD5 },
        });
        return awsRefusal(client.send(put, { abortSignal }), ['BadDigest']);
      }),
    ),
  ];
}
