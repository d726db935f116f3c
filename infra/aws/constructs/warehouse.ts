import { SubnetType } from 'aws-cdk-lib/aws-ec2';
import {
  CompositePrincipal,
  Policy,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import { CfnNamespace, CfnWorkgroup } from 'aws-cdk-lib/aws-redshiftserverless';
import { Construct } from 'constructs';
import { logDatasets, tableDatasets } from '../../../schemas/datasets/registry.ts';
import { LOADER_PREFIX, processedPrefix } from '../../../schemas/lake-layout.ts';
import { acknowledge } from '../acknowledge.ts';
import type { Deployment } from '../deployment.ts';
import { bucketArn, copyRoleName, WAREHOUSE_DATABASE } from '../names.ts';
import { KEPT } from '../removal.ts';
import type { Network } from './network.ts';

/**
 * Redshift Serverless, private, with the role by which COPY reads the lake. Schemas, users and
 * rights are SQL: the loader's migrations and the runbook's first steps.
 */
export class Warehouse extends Construct {
  readonly workgroupArn: string;
  readonly workgroupName: string;

  constructor(scope: Construct, id: string, deployment: Deployment, network: Network) {
    super(scope, id);
    const { name, warehouse } = deployment;
    const copyRole = this.copyRole(deployment);
    const namespace = new CfnNamespace(this, 'Namespace', {
      namespaceName: name,
      dbName: WAREHOUSE_DATABASE,
      adminUsername: 'careplus_admin',
      manageAdminPassword: true,
      iamRoles: [copyRole.roleArn],
      defaultIamRoleArn: copyRole.roleArn,
      logExports: ['userlog', 'connectionlog', 'useractivitylog'],
    });
    namespace.applyRemovalPolicy(KEPT);
    const workgroup = new CfnWorkgroup(this, 'Workgroup', {
      workgroupName: name,
      namespaceName: name,
      baseCapacity: warehouse.baseRpu,
      maxCapacity: warehouse.maxRpu,
      enhancedVpcRouting: true,
      publiclyAccessible: false,
      subnetIds: network.vpc.selectSubnets({ subnetType: SubnetType.PRIVATE_ISOLATED }).subnetIds,
      securityGroupIds: [network.warehouseGroup.securityGroupId],
      configParameters: [{ parameterKey: 'require_ssl', parameterValue: 'true' }],
    });
    workgroup.addResourceDependency(namespace);
    workgroup.applyRemovalPolicy(KEPT);
    this.workgroupName = name;
    this.workgroupArn = workgroup.attrWorkgroupWorkgroupArn;
  }

  private copyRole(deployment: Deployment): Role {
    const ofThisAccount = { StringEquals: { 'aws:SourceAccount': deployment.account } };
    const role = new Role(this, 'CopyRole', {
      roleName: copyRoleName(deployment),
      description: 'COPY of the warehouse: reads what Firehose delivered',
      assumedBy: new CompositePrincipal(
        new ServicePrincipal('redshift.amazonaws.com').withConditions(ofThisAccount),
        new ServicePrincipal('redshift-serverless.amazonaws.com').withConditions(ofThisAccount),
      ),
    });
    const bucket = bucketArn(deployment);
    const readable = [
      ...[...tableDatasets, ...logDatasets].map(processedPrefix),
      `${LOADER_PREFIX}manifests/`,
    ];
    const policy = new Policy(this, 'CopyPolicy', {
      roles: [role],
      statements: [
        new PolicyStatement({
          actions: ['s3:GetObject'],
          resources: readable.map((prefix) => `${bucket}/${prefix}*`),
        }),
        new PolicyStatement({
          actions: ['s3:ListBucket'],
          resources: [bucket],
          conditions: { StringLike: { 's3:prefix': readable.map((prefix) => `${prefix}*`) } },
        }),
        new PolicyStatement({ actions: ['s3:GetBucketLocation'], resources: [bucket] }),
      ],
    });
    acknowledge(
      policy,
      'COPY reads every object under the prefixes of the delivered data.',
      readable.map((prefix) => `IAM5[Resource::${bucket}/${prefix}*]`),
    );
    return role;
  }
}
