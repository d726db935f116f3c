import { describe, expect, it } from 'vitest';
import {
  checkRetention,
  checkServerId,
  checkVariables,
  missingGrants,
} from '../../../cdc-reader/source-check.ts';

const good: Readonly<Record<string, string>> = {
  log_bin: 'ON',
  binlog_format: 'ROW',
  binlog_row_image: 'FULL',
  binlog_row_metadata: 'FULL',
  server_id: '1',
};
const goodMysql = { ...good, gtid_mode: 'ON', binlog_row_value_options: '' };
const variables = (values: Readonly<Record<string, string>>) => new Map(Object.entries(values));
const founds = (problems: readonly { found: string }[]) => problems.map(({ found }) => found);

describe('settings of the source', () => {
  it('are accepted when they are right, also where a server lacks a later option', () => {
    expect(checkVariables(variables(good), 'mariadb')).toEqual([]);
    expect(checkVariables(variables(goodMysql), 'mysql')).toEqual([]);
  });

  it('are all told in one list, each with its cure', () => {
    const bad = { ...good, log_bin: 'OFF', binlog_format: 'MIXED', binlog_row_image: 'MINIMAL' };
    const problems = checkVariables(
      variables({ ...bad, binlog_row_metadata: 'NO_LOG' }),
      'mariadb',
    );
    expect(founds(problems)).toEqual([
      'log_bin is OFF, not ON',
      'binlog_format is MIXED, not ROW',
      'binlog_row_image is MINIMAL, not FULL',
      'binlog_row_metadata is NO_LOG, not FULL',
    ]);
    expect(problems[2]?.cure).toBe("SET GLOBAL binlog_row_image = 'FULL'");
  });

  it('include those of MySQL only there', () => {
    const mysql = {
      ...good,
      gtid_mode: 'OFF',
      binlog_transaction_compression: 'ON',
      binlog_row_value_options: 'PARTIAL_JSON',
    };
    expect(checkVariables(variables(mysql), 'mysql')).toHaveLength(3);
    expect(checkVariables(variables(mysql), 'mariadb')).toEqual([]);
    expect(founds(checkVariables(variables(good), 'mysql'))).toEqual([
      'gtid_mode is not known to the server, not ON',
    ]);
  });

  it('refuse a server without an id and one with the reader’s', () => {
    expect(checkServerId(variables(good), 7001)).toEqual([]);
    expect(founds(checkServerId(variables({ ...good, server_id: '0' }), 7001))).toEqual([
      'server_id is 0',
    ]);
    expect(founds(checkServerId(variables({ ...good, server_id: '7001' }), 7001))).toEqual([
      "the server's own server_id is 7001, as the reader's",
    ]);
  });

  it.each([
    [{}, 0],
    [{ binlog_expire_logs_seconds: '3600' }, 1],
    [{ binlog_expire_logs_seconds: '604800' }, 0],
    [{ binlog_expire_logs_seconds: '0', expire_logs_days: '10' }, 0],
  ])('warn of a short retention only: %j', (values, count) => {
    const problems = checkRetention(variables(values));
    expect(problems.map(({ severity }) => severity)).toEqual(Array(count).fill('warning'));
  });
});

describe('grants', () => {
  const account = "'reader'@'%'";

  it.each([
    ['mariadb', ['GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO `reader`@`%`']],
    ['mysql', ['GRANT RELOAD, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `reader`@`%`']],
    ['mysql', ['GRANT ALL PRIVILEGES ON *.* TO `reader`@`%` WITH GRANT OPTION']],
    ['mariadb', ['GRANT `replicators` TO `reader`@`%`', 'GRANT USAGE ON *.* TO `reader`@`%`']],
  ] as const)('suffice on %s: %j', (flavour, grants) => {
    expect(missingGrants(grants, flavour, account)).toEqual([]);
  });

  it('are asked for one by one', () => {
    const grants = [
      'GRANT SELECT ON *.* TO `reader`@`%`',
      'GRANT REPLICATION SLAVE ON `d`.* TO `reader`@`%`',
    ];
    expect(missingGrants(grants, 'mariadb', account).map(({ cure }) => cure)).toEqual([
      "GRANT REPLICATION SLAVE ON *.* TO 'reader'@'%'",
      "GRANT BINLOG MONITOR ON *.* TO 'reader'@'%'",
    ]);
  });
});
