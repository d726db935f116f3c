/** Nothing in the project names a real server, an account or a person, and nothing is a secret. */
import type { Finding, ProjectFiles } from './project-files.ts';

/** What stands in the parameters until a person sets them. */
export const PLACEHOLDER_HOST =
  'careplus.000000000000.eu-central-1.redshift-serverless.amazonaws.com';

/** What Power BI Desktop leaves for one person and one machine, other than its editor's settings. */
const PRIVATE_FILE = /\/\.pbi\/(?!editorSettings\.json$)|\.abf$/;

const patterns: readonly (readonly [string, RegExp])[] = [
  ['a password', /\b(password|passwd|pwd)\b\s*[=:]/i],
  ['credentials in an address', /\w+:\/\/[^/\s"':]+:[^@\s"']+@/],
  ['an access key of AWS', /\b(AKIA|ASIA)[A-Z0-9]{16}\b/],
  ['an account of AWS', /(?<![\w-])(?!0{12})\d{12}(?![\w-])/],
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ['a connection string with a user', /\b(uid|user id)\s*=/i],
  ['a person’s address', /[\w.+-]+@[\w-]+\.[a-z]{2,}/i],
  ['an address of a machine', /\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b/],
];

const HOST = /[\w.-]+\.(amazonaws\.com|aws\.dev|rds\.amazonaws\.com)(\.cn)?/g;

export function checkSecrets(files: ProjectFiles): Finding[] {
  return [...files].flatMap(([file, text]) => {
    const problems = patterns.filter(([, pattern]) => pattern.test(text)).map(([what]) => what);
    const hosts = (text.match(HOST) ?? []).filter((host) => host !== PLACEHOLDER_HOST);
    if (PRIVATE_FILE.test(file)) problems.push('a file of one person only');
    return [...problems, ...hosts.map((host) => `the host ${host}`)].map((what) => ({
      file,
      problem: `holds ${what}`,
    }));
  });
}
