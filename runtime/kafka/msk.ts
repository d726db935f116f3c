import type { OauthbearerProviderResponse } from 'kafkajs';
import { regionOfArn } from '../config/secrets.ts';
import { PipelineError } from '../pipeline-error.ts';

/** A cluster of Amazon MSK that is reached with IAM. */
export interface MskCluster {
  readonly clusterArn: string;
  readonly region: string | undefined;
}

/**
 * Looks up where the brokers of a cluster take IAM logins; CloudFormation does not tell it.
 * https://docs.aws.amazon.com/msk/1.0/apireference/clusters-clusterarn-bootstrap-brokers.html
 *
 * @throws {PipelineError} CFG_9001 when the cluster has no such listener; what the SDK throws.
 */
export async function findMskBrokers({ clusterArn, region }: MskCluster): Promise<string[]> {
  // Only where it is asked for: the local stack does without it.
  const { GetBootstrapBrokersCommand, KafkaClient } = await import('@aws-sdk/client-kafka');
  const client = new KafkaClient({ region: region ?? regionOfArn(clusterArn) });
  try {
    const found = await client.send(new GetBootstrapBrokersCommand({ ClusterArn: clusterArn }));
    const brokers = found.BootstrapBrokerStringSaslIam ?? '';
    if (brokers !== '') return brokers.split(',');
  } finally {
    client.destroy();
  }
  throw new PipelineError('CFG_9001', `kafka.clusterArn: ${clusterArn} has no listener for IAM`);
}

/**
 * A signed token that a broker of MSK takes for a login, made with the credentials of the process.
 * https://docs.aws.amazon.com/msk/latest/developerguide/iam-access-control.html
 */
export async function mskToken({
  clusterArn,
  region,
}: MskCluster): Promise<OauthbearerProviderResponse> {
  const { generateAuthToken } = await import('aws-msk-iam-sasl-signer-js');
  const { token } = await generateAuthToken({ region: region ?? regionOfArn(clusterArn) });
  return { value: token };
}
