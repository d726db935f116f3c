import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { KafkaCluster } from './constructs/kafka-cluster.ts';
import { LakeCatalog } from './constructs/lake-catalog.ts';
import { Lake } from './constructs/lake.ts';
import { Network } from './constructs/network.ts';
import { SourceDatabase } from './constructs/source-database.ts';
import { Warehouse } from './constructs/warehouse.ts';
import type { Deployment } from './deployment.ts';
import { READER_USER } from './names.ts';

/** What holds data and outlives every release: network, broker, source, lake, warehouse. */
export class DataStack extends Stack {
  readonly network: Network;
  readonly kafka: KafkaCluster;
  readonly lake: Lake;
  readonly warehouse: Warehouse;
  readonly source: SourceDatabase | undefined;
  /** Password of the reader's account at the source. */
  readonly readerSecret: Secret;
  /** What opens the pages. */
  readonly pageToken: Secret;
  readonly #zones: readonly string[];

  constructor(scope: Construct, id: string, deployment: Deployment, props: StackProps) {
    super(scope, id, { ...props, terminationProtection: true });
    this.#zones = deployment.availabilityZones;
    const { server } = deployment.source;
    this.network = new Network(this, 'Network', deployment);
    this.kafka = new KafkaCluster(this, 'Kafka', deployment, this.network);
    this.lake = new Lake(this, 'Lake', deployment);
    const catalog = new LakeCatalog(this, 'Catalog', deployment);
    this.warehouse = new Warehouse(this, 'Warehouse', deployment, this.network);
    this.source =
      server.kind === 'managed'
        ? new SourceDatabase(this, 'Source', deployment, server, this.network)
        : undefined;
    // Last: it is protected against deletion, so nothing that can fail may come after it, or a first
    // deployment could not be taken back.
    this.source?.node.addDependency(this.kafka, this.lake, catalog, this.warehouse);
    this.readerSecret = new Secret(this, 'ReaderSecret', {
      secretName: `${deployment.name}/source-reader`,
      description: 'Account of the binlog reader at the source',
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username: READER_USER }),
        generateStringKey: 'password',
        passwordLength: 32,
        excludePunctuation: true,
      },
    });
    acknowledge(
      this.readerSecret,
      'Rotation by a function would need a master login: the runbook rotates it (#rotate-a-password).',
      ['SMG4'],
    );
    this.pageToken = new Secret(this, 'PageToken', {
      secretName: `${deployment.name}/page-token`,
      description: 'Opens the pages: their form asks for it once',
      generateSecretString: { passwordLength: 40, excludePunctuation: true },
    });
    acknowledge(
      this.pageToken,
      'A person holds it as a cookie: the runbook rotates it (#rotate-a-password).',
      ['SMG4'],
    );
    new CfnOutput(this, 'PageTokenArn', { value: this.pageToken.secretArn });
    new CfnOutput(this, 'KafkaClusterArn', { value: this.kafka.arn });
    new CfnOutput(this, 'ReaderSecretArn', { value: this.readerSecret.secretArn });
  }

  /** Without it CDK would ask the account, or put dummies in its place. */
  override get availabilityZones(): string[] {
    return [...this.#zones];
  }
}
