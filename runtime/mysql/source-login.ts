import type { SourceConfig } from '../config/config-schema.ts';
import { readSecret } from '../config/secrets.ts';
import { tlsOptions, type TlsOptions } from '../config/tls.ts';

/** What every connection to the source needs, in the words of the driver. */
export interface SourceLogin {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** The driver checks the host's name only when it is told to. */
  readonly ssl?: TlsOptions & { readonly verifyIdentity: true };
}

/** Reads the login anew: the password may have been rotated since. */
export type ReadSourceLogin = () => Promise<SourceLogin>;

/** @throws {PipelineError} CFG_9002 from the result, if password or authorities cannot be read. */
export function sourceLogin(source: SourceConfig): ReadSourceLogin {
  const { host, port, user } = source;
  return async () => {
    const password = await readSecret({
      setting: 'source.passwordFile',
      file: source.passwordFile,
      secretArn: source.passwordSecretArn,
      environmentVariable: 'CAREPLUS_MYSQL_PASSWORD',
    });
    const tls = tlsOptions('source.ssl', source.ssl);
    return { host, port, user, password, ...(tls && { ssl: { ...tls, verifyIdentity: true } }) };
  };
}
