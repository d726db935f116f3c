import type { SourceConnection } from './source-connection.ts';
import { errorNumber } from './source-errors.ts';

const TABLE = 'mysql.rds_configuration';
const SETTING = 'binlog retention hours';
const LEAST_HOURS = 24;

interface RetentionWarning {
  readonly severity: 'warning';
  readonly found: string;
  readonly cure: string;
}

/** Where RDS has its programs; no other server does. */
const RDS_FOLDER = '/rdsdbbin/';

/** ER_DBACCESS_DENIED_ERROR, ER_TABLEACCESS_DENIED_ERROR, ER_COLUMNACCESS_DENIED_ERROR. */
const DENIED: ReadonlySet<number | undefined> = new Set([1044, 1142, 1143]);

/**
 * RDS keeps its binlog by a setting of its own, whatever the server's variables say, and by default
 * for no time at all (RDS user guide, "mysql.rds_set_configuration").
 *
 * @param basedir the server's variable of this name.
 */
export async function checkRdsRetention(
  connection: SourceConnection,
  basedir: string | undefined,
): Promise<RetentionWarning[]> {
  if (basedir?.startsWith(RDS_FOLDER) !== true) return [];
  try {
    const [row] = await connection.query(`SELECT value FROM ${TABLE} WHERE name = ?`, [SETTING]);
    const hours = Number(row?.['value'] ?? 0);
    if (hours >= LEAST_HOURS) return [];
    return [
      {
        severity: 'warning',
        found: `RDS purges the binlog after ${hours} hours: a longer outage costs a new snapshot`,
        cure: `CALL mysql.rds_set_configuration('${SETTING}', 168)`,
      },
    ];
  } catch (error) {
    if (!DENIED.has(errorNumber(error))) throw error;
    return [
      {
        severity: 'warning',
        found: 'how long RDS keeps the binlog cannot be seen',
        cure: `GRANT SELECT ON ${TABLE} to the reader’s account`,
      },
    ];
  }
}
