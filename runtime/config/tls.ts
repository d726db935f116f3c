import { readFileSync } from 'node:fs';
import { errorText, PipelineError } from '../pipeline-error.ts';
import type { TlsSetting } from './config-schema.ts';

/** What a TLS connection needs beside the host's name; the certificate is always verified. */
export interface TlsOptions {
  readonly minVersion: 'TLSv1.2';
  readonly rejectUnauthorized: true;
  /** Authorities instead of those that Node knows. */
  readonly ca?: string;
}

/**
 * @param setting its name, for messages.
 * @returns undefined without TLS.
 * @throws {PipelineError} CFG_9002 when the file of authorities cannot be read.
 */
export function tlsOptions(setting: string, tls: TlsSetting): TlsOptions | undefined {
  if (tls === false) return undefined;
  const verified = { minVersion: 'TLSv1.2', rejectUnauthorized: true } as const;
  if (tls === true) return verified;
  const { ca, caFile } = tls;
  if (ca !== undefined) return { ...verified, ca };
  if (caFile === undefined) return verified;
  try {
    return { ...verified, ca: readFileSync(caFile, 'utf8') };
  } catch (cause) {
    throw new PipelineError('CFG_9002', `${setting}.caFile: ${errorText(cause)}`, { cause });
  }
}

/** What OpenSSL and Node say when a server is not whom its certificate should prove. */
const CERTIFICATE_FAULTS = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  // mysql2 puts these in the place of the code of Node.
  'HANDSHAKE_NO_SSL_SUPPORT',
  'HANDSHAKE_SSL_ERROR',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Whether an error, or one of its causes, is a certificate that was not accepted. */
export function isCertificateFault(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && CERTIFICATE_FAULTS.has(String(cause.code))) return true;
  }
  return false;
}
