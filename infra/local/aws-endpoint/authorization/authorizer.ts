import type { Policies } from './policy-documents.ts';
import { isAllowed, type Access } from './policy-evaluation.ts';

/** The account that the endpoint plays. */
export const ACCOUNT = '000000000000';

/** Decides what callers may do. */
export interface Authorizer {
  /** @returns why the caller may not do all of it, or undefined. */
  refusal(accessKeyId: string, accesses: readonly Access[]): string | undefined;
}

/**
 * An access key with a policy may do what that allows; one without is the account's owner and may
 * do everything.
 */
export function createAuthorizer(policies: Policies = new Map()): Authorizer {
  return {
    refusal(accessKeyId, accesses) {
      const statements = policies.get(accessKeyId);
      if (statements === undefined) return undefined;
      const refused = accesses.find(
        ({ action, resource, context }) =>
          !isAllowed(statements, {
            action,
            resource,
            context: { ...context, 'aws:userid': accessKeyId },
          }),
      );
      if (refused === undefined) return undefined;
      const { action, resource } = refused;
      const user = `arn:aws:sts::${ACCOUNT}:assumed-role/${accessKeyId}`;
      return (
        `User: ${user} is not authorized to perform: ${action} on resource: ${resource} ` +
        `because no identity-based policy allows the ${action} action`
      );
    },
  };
}
