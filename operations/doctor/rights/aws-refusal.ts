import { S3ServiceException } from '@aws-sdk/client-s3';

const REFUSED = new Set(['AccessDenied', 'AccessDeniedException', 'AccessDeniedFault']);

/**
 * Waits for a call to AWS.
 *
 * @param expected names of errors that say that the call was looked at, and so was allowed.
 * @returns why it is not allowed, or undefined. @throws every other error.
 */
export async function awsRefusal(
  call: Promise<unknown>,
  expected: readonly string[] = [],
): Promise<string | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (REFUSED.has(error.name)) return error.message;
    // The answer to HEAD has no body that would say more; another 403 is of a key that is not known.
    const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
    if (status === 403) {
      return error.message.includes(' ') ? error.message : 'Access Denied';
    }
    if (expected.includes(error.name)) return undefined;
    throw error;
  }
}
