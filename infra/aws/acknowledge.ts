import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Accepts findings of cdk-nag on a construct, each with its reason. The prefixed form keeps them in
 * the report as accepted.
 *
 * @param findings such as `SMG4` or `IAM5[Resource::*]`, exactly as the report names them.
 */
export function acknowledge(
  construct: IConstruct,
  reason: string,
  findings: readonly string[],
): void {
  for (const finding of findings) {
    Validations.of(construct).acknowledge({ id: `AwsSolutions::AwsSolutions-${finding}`, reason });
  }
}
