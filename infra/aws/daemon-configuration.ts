import { stringify } from 'yaml';
import type { Deployment } from './deployment.ts';
import { copyRoleArn, READER_USER, WAREHOUSE_DATABASE } from './names.ts';
import { HEALTH_PORT, MYSQL_PORT, PAGE_PORT } from './ports.ts';
import { rdsAuthorities } from './rds-authorities.ts';

export interface Addresses {
  readonly kafkaClusterArn: string;
  readonly readerSecretArn: string;
  readonly pageTokenArn: string;
  /** Of the managed source. */
  readonly sourceHost: string | undefined;
  readonly workgroup: string;
}

/** RDS' authorities are not among those that Node knows. */
function sourceTls({ source, region }: Deployment): boolean | { readonly ca: string } {
  const { server } = source;
  if (server.kind === 'managed') return { ca: rdsAuthorities(region) };
  return server.authorities === undefined ? server.tls : { ca: server.authorities };
}

/** Namespace of the daemons' own metrics in CloudWatch. */
export const METRICS_NAMESPACE = 'CarePlus';

/**
 * The daemons' `careplus.yaml`, without any secret (runtime/config/config-schema.ts; a test parses
 * it by that).
 *
 * @param daemons names of those that serve their health.
 */
export function daemonConfiguration(
  deployment: Deployment,
  addresses: Addresses,
  daemons: readonly string[],
): string {
  const { source, warehouse, firehose, datasets, bucket, region } = deployment;
  const { server } = source;
  return stringify(
    {
      version: 1,
      kafka: { clusterArn: addresses.kafkaClusterArn, region },
      source: {
        name: source.name,
        host: server.kind === 'existing' ? server.host : addresses.sourceHost,
        port: server.kind === 'existing' ? server.port : MYSQL_PORT,
        user: READER_USER,
        passwordSecretArn: addresses.readerSecretArn,
        ssl: sourceTls(deployment),
      },
      datasets,
      aws: { region, bucket },
      firehose,
      warehouse: {
        workgroup: addresses.workgroup,
        database: WAREHOUSE_DATABASE,
        copyRoleArn: copyRoleArn(deployment),
      },
      loader: { cadenceMs: warehouse.cadenceSeconds * 1_000 },
      dashboard: {
        host: '0.0.0.0',
        port: PAGE_PORT,
        tokenSecretArn: addresses.pageTokenArn,
      },
      health: { ports: Object.fromEntries(daemons.map((name) => [name, HEALTH_PORT])) },
      embeddedMetrics: { namespace: METRICS_NAMESPACE },
    },
    // Names that CDK fills in must not be broken over lines.
    { lineWidth: 0 },
  );
}
