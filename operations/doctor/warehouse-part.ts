import type { Config } from '../../runtime/config/config-schema.ts';
import { readMigrations } from '../../warehouse-loader/migrations.ts';
import { connectWarehouse } from '../warehouse-connection.ts';
import { bad, good, warning, type Part } from './finding.ts';

/** The warehouse: that it answers, and that its tables are those of this version. */
export function warehousePart(config: Config): Part {
  return {
    name: 'warehouse',
    async look(signal) {
      using warehouse = connectWarehouse(config);
      const { rows } = await warehouse.api.query('SELECT name FROM ops.migrations', { signal });
      const applied = new Set(rows.map((row) => String(row['name'])));
      const known = readMigrations().map(({ name }) => name);
      const missing = known.filter((name) => !applied.has(name));
      const newer = [...applied].filter((name) => !known.includes(name));
      const findings = [];
      if (newer.length > 0) {
        findings.push(
          bad(
            `the warehouse has ${newer.join(', ')}, which this version does not know`,
            'Upgrade this program: the warehouse is newer.',
          ),
        );
      }
      if (missing.length > 0) {
        findings.push(
          warning(
            `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not applied yet`,
            'Start the warehouse-loader of this version: it applies them first.',
          ),
        );
      }
      return findings.length > 0
        ? findings
        : [good(`answers, with all ${known.length} migrations of this version`)];
    },
  };
}
