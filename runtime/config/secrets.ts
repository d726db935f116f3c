import { readFileSync } from 'node:fs';
import { errorText, PipelineError } from '../pipeline-error.ts';

/** Where a secret may stand: the first of these that is given. */
export interface SecretPlace {
  /** Name of the setting, for messages. */
  readonly setting: string;
  readonly file: string | undefined;
  /** ARN of a secret in AWS Secrets Manager: a text, or JSON with `password` as RDS keeps it. */
  readonly secretArn?: string | undefined;
  readonly environmentVariable: string;
}

/**
 * Reads a secret; one trailing newline of a file is dropped. It is read anew for every connection,
 * so a secret that is rotated takes effect without a restart.
 *
 * @throws {PipelineError} CFG_9002 when no place holds it, or the one that is given cannot be read.
 */
export async function readSecret(place: SecretPlace): Promise<string> {
  const { setting, file, secretArn, environmentVariable } = place;
  try {
    if (file !== undefined) return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    if (secretArn !== undefined) return await readManagedSecret(secretArn);
  } catch (cause) {
    throw new PipelineError('CFG_9002', `${setting}: ${errorText(cause)}`, { cause });
  }
  const value = process.env[environmentVariable];
  if (value === undefined) {
    throw new PipelineError(
      'CFG_9002',
      `${setting}: set ${setting} in the configuration or ${environmentVariable} in the environment`,
    );
  }
  return value;
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html */
async function readManagedSecret(secretArn: string): Promise<string> {
  // Only where it is asked for: the local stack does without it.
  const { GetSecretValueCommand, SecretsManagerClient } =
    await import('@aws-sdk/client-secrets-manager');
  const client = new SecretsManagerClient({ region: regionOfArn(secretArn) });
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretArn }));
    if (SecretString === undefined) throw new Error(`${secretArn} holds no text`);
    return passwordOf(SecretString);
  } finally {
    client.destroy();
  }
}

/** `arn:aws:secretsmanager:REGION:…` */
export function regionOfArn(arn: string): string {
  return arn.split(':')[3] ?? '';
}

function passwordOf(text: string): string {
  if (!text.startsWith('{')) return text;
  const { password } = JSON.parse(text) as { password?: unknown };
  if (typeof password !== 'string') throw new Error('the secret is JSON without `password`');
  return password;
}
