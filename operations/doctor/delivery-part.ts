import { DescribeDeliveryStreamCommand, type FirehoseClient } from '@aws-sdk/client-firehose';
import type { Config } from '../../runtime/config/config-schema.ts';
import type { AnyDataset } from '../../schemas/datasets/any-dataset.ts';
import { allDatasets } from '../../schemas/datasets/registry.ts';
import { streamDefinition } from '../../schemas/lake-layout.ts';
import { createFirehoseClient } from '../../stream-processors/firehose/firehose-client.ts';
import { bad, good, warning, type Part } from './finding.ts';

/** The delivery streams: that each takes records and lands them as the loader expects them. */
export function deliveryPart({ aws, firehose }: Config): Part {
  return {
    name: 'delivery',
    async look(signal) {
      const client = createFirehoseClient(aws);
      try {
        const streams = allDatasets.map((dataset) =>
          streamFindings(client, dataset, firehose.intervalSeconds, signal),
        );
        return (await Promise.all(streams)).flat();
      } finally {
        client.destroy();
      }
    },
  };
}

async function streamFindings(
  client: FirehoseClient,
  dataset: AnyDataset,
  intervalSeconds: number,
  signal: AbortSignal,
) {
  const wanted = streamDefinition(dataset, intervalSeconds);
  const command = new DescribeDeliveryStreamCommand({ DeliveryStreamName: wanted.name });
  const described = await client.send(command, { abortSignal: signal }).catch((error: unknown) => {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
    throw error;
  });
  const stream = described?.DeliveryStreamDescription;
  if (!stream) {
    return [
      bad(`the delivery stream ${wanted.name} is missing`, 'Deploy the stack of the streams.'),
    ];
  }
  const destination = stream.Destinations?.[0]?.ExtendedS3DestinationDescription;
  const findings = [];
  if (stream.DeliveryStreamStatus !== 'ACTIVE') {
    const status = stream.DeliveryStreamStatus ?? 'unknown';
    findings.push(
      bad(`${wanted.name} is ${status}`, 'Wait until it is ACTIVE, or deploy it again.'),
    );
  }
  if (destination?.Prefix !== wanted.prefix) {
    const prefix = destination?.Prefix ?? 'no prefix';
    findings.push(
      bad(`${wanted.name} writes to ${prefix}, not ${wanted.prefix}`, 'Deploy it again.'),
    );
  }
  if (destination?.DataFormatConversionConfiguration?.Enabled !== true) {
    findings.push(bad(`${wanted.name} does not convert to Parquet`, 'Deploy it again.'));
  }
  const interval = destination?.BufferingHints?.IntervalInSeconds;
  if (interval !== intervalSeconds) {
    findings.push(
      warning(
        `${wanted.name} buffers for ${interval ?? 'an unknown number of'} s, the configuration says ${intervalSeconds} s`,
        'Correct `firehose.intervalSeconds`: what is late is judged by it.',
      ),
    );
  }
  return findings.length > 0 ? findings : [good(`${wanted.name} takes records`)];
}
