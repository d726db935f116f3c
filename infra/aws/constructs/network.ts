import {
  FlowLogDestination,
  GatewayVpcEndpointAwsService,
  IpAddresses,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { KAFKA_IAM_PORT, MYSQL_PORT, pagePort, REDSHIFT_PORT, TLS_PORT } from '../ports.ts';
import type { Deployment } from '../deployment.ts';

/**
 * Three zones with three kinds of subnets: the way out, the daemons, and the data, which has no
 * way out but the lake's. Security groups of those who talk to each other stand together here.
 */
export class Network extends Construct {
  readonly vpc: Vpc;
  readonly daemonGroup: SecurityGroup;
  readonly kafkaGroup: SecurityGroup;
  readonly databaseGroup: SecurityGroup;
  readonly warehouseGroup: SecurityGroup;
  readonly pageGroup: SecurityGroup;

  constructor(scope: Construct, id: string, deployment: Deployment) {
    super(scope, id);
    const { network, source, name } = deployment;
    const flowLogs = new LogGroup(this, 'FlowLogs', {
      logGroupName: `/${name}/flow-logs`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr(network.cidr),
      maxAzs: 3,
      natGateways: network.natGateways,
      subnetConfiguration: [
        { name: 'public', subnetType: SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false },
        { name: 'daemons', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 24 },
        { name: 'data', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 24 },
      ],
      // Free, and the only way by which COPY reaches the lake: the warehouse routes through the VPC.
      gatewayEndpoints: { S3: { service: GatewayVpcEndpointAwsService.S3 } },
      flowLogs: { all: { destination: FlowLogDestination.toCloudWatchLogs(flowLogs) } },
    });

    Validations.of(this.vpc).acknowledge({
      id: 'CloudFormation-Validate::W3010',
      reason: 'The deployment names its zones, so that nothing has to be looked up.',
    });

    this.daemonGroup = this.group('Daemons', 'The daemons');
    this.kafkaGroup = this.group('Kafka', 'The brokers');
    this.databaseGroup = this.group('Database', 'The source database');
    this.warehouseGroup = this.group('Warehouse', 'The warehouse');
    this.pageGroup = this.group('Pages', 'The balancer of the pages');

    // APIs of AWS by the NAT gateway; S3 by its endpoint.
    this.daemonGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(TLS_PORT), 'APIs of AWS');
    this.connect(this.kafkaGroup, KAFKA_IAM_PORT, 'Kafka with IAM');
    this.kafkaGroup.addIngressRule(this.kafkaGroup, Port.allTcp(), 'Brokers among themselves');
    this.kafkaGroup.addEgressRule(this.kafkaGroup, Port.allTcp(), 'Brokers among themselves');
    const { server } = source;
    if (server.kind === 'managed') {
      this.connect(this.databaseGroup, MYSQL_PORT, 'MySQL');
    } else {
      const peer = Peer.ipv4(server.cidr);
      this.daemonGroup.addEgressRule(peer, Port.tcp(server.port), 'The source database');
    }
    this.warehouseGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(TLS_PORT), 'The lake');
    for (const cidr of [network.cidr, ...network.clientCidrs]) {
      this.pageGroup.addIngressRule(Peer.ipv4(cidr), Port.tcp(pagePort(deployment)), 'Viewers');
    }
    for (const cidr of network.clientCidrs) {
      const client = Peer.ipv4(cidr);
      this.kafkaGroup.addIngressRule(client, Port.tcp(KAFKA_IAM_PORT), 'Log shippers');
      this.warehouseGroup.addIngressRule(client, Port.tcp(REDSHIFT_PORT), 'Power BI gateway');
      if (server.kind === 'managed') {
        this.databaseGroup.addIngressRule(client, Port.tcp(MYSQL_PORT), 'The ticket application');
      }
    }
  }

  private group(id: string, description: string): SecurityGroup {
    const { vpc } = this;
    return new SecurityGroup(this, id, { vpc, description, allowAllOutbound: false });
  }

  private connect(to: SecurityGroup, port: number, what: string): void {
    this.daemonGroup.addEgressRule(to, Port.tcp(port), what);
    to.addIngressRule(this.daemonGroup, Port.tcp(port), what);
  }
}
