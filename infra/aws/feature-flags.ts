/** CDK's context: the command reads it from cdk.json, tests from here; a test compares both. */
export const featureFlags = {
  // Access logs by bucket policy instead of the deprecated ACL.
  '@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy': true,
  // Its way of locking the default security group is a Lambda of its own.
  '@aws-cdk/aws-ec2:restrictDefaultSecurityGroup': false,
  '@aws-cdk/aws-iam:minimizePolicies': true,
} as const;
