import { Duration } from 'aws-cdk-lib';
import { InstanceType, SubnetType } from 'aws-cdk-lib/aws-ec2';
import {
  Credentials,
  DatabaseInstance,
  DatabaseInstanceEngine,
  MysqlEngineVersion,
  StorageType,
} from 'aws-cdk-lib/aws-rds';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import type { Deployment, ManagedSource } from '../deployment.ts';
import { databaseName } from '../names.ts';
import { KEPT } from '../removal.ts';
import type { Network } from './network.ts';

/**
 * What the reader checks at start (cdc-reader/source-check.ts), under the names that RDS gives it.
 * How long the binlog is kept is no parameter there but a procedure: see the runbook.
 */
const parameters = {
  binlog_format: 'ROW',
  binlog_row_image: 'full',
  binlog_row_metadata: 'full',
  'gtid-mode': 'ON',
  enforce_gtid_consistency: 'ON',
  require_secure_transport: '1',
} as const;

/** MySQL 8.4 on RDS as the tickets' source. */
export class SourceDatabase extends Construct {
  readonly instance: DatabaseInstance;

  constructor(
    scope: Construct,
    id: string,
    deployment: Deployment,
    server: ManagedSource,
    network: Network,
  ) {
    super(scope, id);
    this.instance = new DatabaseInstance(this, 'Instance', {
      instanceIdentifier: databaseName(deployment),
      engine: DatabaseInstanceEngine.mysql({ version: MysqlEngineVersion.VER_8_4_10 }),
      instanceType: new InstanceType(server.instanceClass),
      vpc: network.vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
      securityGroups: [network.databaseGroup],
      multiAz: true,
      storageType: StorageType.GP3,
      allocatedStorage: server.storageGiB,
      maxAllocatedStorage: server.storageGiB * 4,
      storageEncrypted: true,
      credentials: Credentials.fromUsername('careplus_admin'),
      manageMasterUserPassword: true,
      iamAuthentication: true,
      parameters,
      // The binlog is written only while backups are kept.
      backupRetention: Duration.days(7),
      cloudwatchLogsExports: ['error', 'slowquery'],
      autoMinorVersionUpgrade: true,
      deletionProtection: true,
      removalPolicy: KEPT,
    });
    acknowledge(
      this.instance,
      'The port is reached from the daemons’ security group only; another number hides nothing.',
      ['RDS11'],
    );
  }
}
