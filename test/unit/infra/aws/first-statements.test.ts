import { describe, expect, test } from 'vitest';
import { missingGrants } from '../../../../cdc-reader/source-check.ts';
import { daemonPlans } from '../../../../infra/aws/daemons.ts';
import { parseDeployment } from '../../../../infra/aws/deployment.ts';
import {
  laterWarehouseStatements,
  sourceStatements,
  warehouseStatements,
} from '../../../../infra/aws/first-statements.ts';
import { taskRoleName } from '../../../../infra/aws/names.ts';
import { translate } from '../../../../infra/local/aws-endpoint/redshift/dialect/translate.ts';
import { OPERATIONS } from '../../../../schemas/daemon-rights.ts';
import { readMigrations } from '../../../../warehouse-loader/migrations.ts';
import { example } from './fixtures/example-deployment.ts';

const warehouse = [...warehouseStatements(example), ...laterWarehouseStatements(example)];

describe('statements for the source', () => {
  test('give the reader all that it checks at its start', () => {
    const grants = sourceStatements(example).filter((statement) => statement.startsWith('GRANT'));
    expect(missingGrants(grants, 'mysql', "'careplus_reader'@'%'")).toEqual([]);
    expect(missingGrants(grants.slice(1), 'mysql', "'careplus_reader'@'%'")).not.toEqual([]);
    expect(grants).toContain(
      "GRANT SELECT ON `careplus_support_db`.`support_tickets` TO 'careplus_reader'@'%'",
    );
  });

  test('ask for TLS where the server has it, and only there', () => {
    const account = (server: object) =>
      sourceStatements(parseDeployment({ ...example, source: { ...example.source, server } })).find(
        (statement) => statement.startsWith('CREATE USER'),
      );
    const existing = { kind: 'existing', host: 'h', cidr: '10.9.0.0/16' };
    expect(account({ kind: 'managed' })).toMatch(/ REQUIRE SSL$/);
    expect(account(existing)).toMatch(/ REQUIRE SSL$/);
    expect(account({ ...existing, tls: false })).not.toContain('SSL');
  });

  test('set how long the binlog is kept only where that procedure is', () => {
    expect(sourceStatements(example)[0]).toBe(
      "CALL mysql.rds_set_configuration('binlog retention hours', 168)",
    );
    const existing = parseDeployment({
      ...example,
      source: { ...example.source, server: { kind: 'existing', host: 'h', cidr: '10.9.0.0/16' } },
    });
    expect(sourceStatements(existing).join('\n')).not.toContain('rds_set_configuration');
  });
});

describe('statements for the warehouse', () => {
  test('are in the dialect', () => {
    // The one that names an owner is Redshift's, but not one that the local warehouse runs.
    const known = warehouse.filter((statement) => !statement.includes('AUTHORIZATION'));
    expect(known.length).toBeGreaterThan(8);
    for (const statement of known) expect(() => translate(statement), statement).not.toThrow();
  });

  test('know every daemon that runs statements by the name of its role', () => {
    const users = daemonPlans(example)
      .filter(({ rights }) => rights.warehouse)
      .map(({ name }) => taskRoleName(example, name));
    for (const user of [...users, taskRoleName(example, OPERATIONS)]) {
      expect(warehouse).toContain(`CREATE USER "IAMR:${user}" PASSWORD DISABLE`);
    }
  });

  test('make the schemas that the migrations make, and give them to the loader', () => {
    const made = readMigrations().flatMap(({ statements }) =>
      statements.flatMap((text) => /CREATE SCHEMA IF NOT EXISTS (\w+)/.exec(text)?.[1] ?? []),
    );
    for (const schema of made) {
      expect(warehouse).toContain(
        `CREATE SCHEMA IF NOT EXISTS ${schema} AUTHORIZATION "IAMR:careplus-warehouse-loader"`,
      );
    }
    expect(made.length).toBeGreaterThan(3);
  });
});
