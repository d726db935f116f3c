/**
 * A text as an SQL literal that Redshift and PostgreSQL read alike: a backslash is an escape in
 * Redshift's literals but not in standard ones, so it is written as CHR(92).
 */
export function sqlText(text: string): string {
  const parts = text.split('\\').map((part) => `'${part.replaceAll("'", "''")}'`);
  return parts.join(' || CHR(92) || ');
}
