import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** A server's certificate and key as PEM files. */
export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface TestAuthority {
  /** PEM file of the authority's own certificate. */
  readonly caFile: string;
  /** @param days how long it holds; negative for one that has expired. */
  issue(name: string, options: { readonly host: string; readonly days: number }): ServerCertificate;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** An authority of a test's own in a folder of its own, by openssl. */
export function createAuthority(folder: string): TestAuthority {
  const at = (file: string) => path.join(folder, file);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  const caFile = at('ca.pem');
  openssl(
    ...['req', '-x509', ...KEY, '-days', '2', '-subj', '/CN=authority of a test'],
    ...['-keyout', at('ca.key'), '-out', caFile],
  );
  return {
    caFile,
    issue(name, { host, days }) {
      const [key, request, cert] = [at(`${name}.key`), at(`${name}.csr`), at(`${name}.pem`)];
      openssl(
        ...['req', ...KEY, '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${host}`],
        ...['-keyout', key, '-out', request],
      );
      openssl(
        ...['x509', '-req', '-in', request, '-CA', caFile, '-CAkey', at('ca.key')],
        ...['-copy_extensions', 'copy', '-days', String(days), '-out', cert],
      );
      return { cert, key };
    },
  };
}

/** Certificate and key in one text, as Kafka wants them. */
export function pemOf({ cert, key }: ServerCertificate): string {
  return readFileSync(key, 'utf8') + readFileSync(cert, 'utf8');
}
