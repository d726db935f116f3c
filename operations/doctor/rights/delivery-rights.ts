import {
  DescribeDeliveryStreamCommand,
  PutRecordBatchCommand,
  type FirehoseClient,
} from '@aws-sdk/client-firehose';
import type { Config } from '../../../runtime/config/config-schema.ts';
import type { Identity } from '../../../schemas/daemon-rights.ts';
import type { AnyDataset } from '../../../schemas/datasets/any-dataset.ts';
import { createFirehoseClient } from '../../../stream-processors/firehose/firehose-client.ts';
import type { Part } from '../finding.ts';
import { awsRefusal } from './aws-refusal.ts';
import { rightsPart, type Right } from './right.ts';

export interface DeliveryRights {
  readonly delivers?: readonly AnyDataset[];
  readonly describesDelivery?: readonly AnyDataset[];
}

/** A daemon's rights on the delivery streams. */
export function deliveryRights({ aws }: Config, identity: Identity, rights: DeliveryRights): Part {
  const client = createFirehoseClient(aws);
  return rightsPart({
    ...{ name: 'delivery', identity },
    rights: streamRights(rights, client),
    close: async () => client.destroy(),
  });
}

/** Listed apart, so that a test can compare it with the role. */
export function streamRights(
  { delivers = [], describesDelivery = [] }: DeliveryRights,
  client: Pick<FirehoseClient, 'send'>,
): Right[] {
  const right = (action: string, stream: string, refusal: Right['refusal']): Right => ({
    action: `firehose:${action}`,
    resource: `stream ${stream}`,
    grant: `allow firehose:${action} on the stream ${stream}`,
    refusal,
  });
  return [
    ...delivers.map(({ stream }) =>
      right('PutRecordBatch', stream, async (abortSignal) => {
        const put = new PutRecordBatchCommand({ DeliveryStreamName: stream, Records: tooMuch() });
        const taken = async () => {
          await client.send(put, { abortSignal });
          throw new Error(
            'the stream has taken more than a call may hold, which is nothing of ours',
          );
        };
        return awsRefusal(taken(), ['InvalidArgumentException']);
      }),
    ),
    ...describesDelivery.map(({ stream }) =>
      right('DescribeDeliveryStream', stream, (abortSignal) => {
        const describe = new DescribeDeliveryStreamCommand({ DeliveryStreamName: stream });
        return awsRefusal(client.send(describe, { abortSignal }));
      }),
    ),
  ];
}

/** Of a call (Firehose API reference, PutRecordBatch). */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
const RECORDS = 5;

/**
 * Records that are each as they may be and together one byte too long: only the action itself can
 * find that, behind the authorization (docs/decisions/0031). Blanks are no row of any dataset.
 */
function tooMuch(): { readonly Data: Uint8Array }[] {
  const bytes = Math.floor(MAX_BATCH_BYTES / RECORDS) + 1;
  return Array.from({ length: RECORDS }, () => ({ Data: Buffer.alloc(bytes, ' ') }));
}
