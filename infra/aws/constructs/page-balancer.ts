import { Duration } from 'aws-cdk-lib';
import { SubnetType } from 'aws-cdk-lib/aws-ec2';
import type { FargateService } from 'aws-cdk-lib/aws-ecs';
import {
  ApplicationLoadBalancer,
  ApplicationProtocol,
  ListenerCertificate,
  SslPolicy,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Deployment } from '../deployment.ts';
import { PAGE_PORT, pagePort } from '../ports.ts';
import type { Network } from './network.ts';

/** The pages inside the network, for whoever has their token. */
export class PageBalancer extends Construct {
  readonly address: string;

  constructor(
    scope: Construct,
    id: string,
    deployment: Deployment,
    parts: {
      readonly network: Network;
      readonly service: FargateService;
      readonly accessLogs: IBucket;
    },
  ) {
    super(scope, id);
    const { network, service, accessLogs } = parts;
    const { certificateArn } = deployment.dashboard;
    const balancer = new ApplicationLoadBalancer(this, 'Balancer', {
      loadBalancerName: `${deployment.name}-pages`,
      vpc: network.vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_WITH_EGRESS },
      internetFacing: false,
      securityGroup: network.pageGroup,
      dropInvalidHeaderFields: true,
      // Live events may rest for long.
      idleTimeout: Duration.minutes(10),
    });
    balancer.logAccessLogs(accessLogs, 'pages');
    const listener = balancer.addListener('Listener', {
      port: pagePort(deployment),
      open: false,
      ...(certificateArn === undefined
        ? { protocol: ApplicationProtocol.HTTP }
        : {
            protocol: ApplicationProtocol.HTTPS,
            certificates: [ListenerCertificate.fromArn(certificateArn)],
            sslPolicy: SslPolicy.RECOMMENDED_TLS,
          }),
    });
    listener.addTargets('Page', {
      port: PAGE_PORT,
      protocol: ApplicationProtocol.HTTP,
      targets: [
        service.loadBalancerTarget({ containerName: 'dashboard', containerPort: PAGE_PORT }),
      ],
      healthCheck: { path: '/healthz', interval: Duration.seconds(15) },
      deregistrationDelay: Duration.seconds(10),
    });
    const scheme = certificateArn === undefined ? 'http' : 'https';
    this.address = `${scheme}://${balancer.loadBalancerDnsName}/`;
  }
}
