import { describe, expect, test } from 'vitest';
import { checkRdsRetention } from '../../../cdc-reader/rds-retention.ts';
import type { SourceConnection, SourceRow } from '../../../cdc-reader/source-connection.ts';

const RDS = '/rdsdbbin/mysql-8.4.10.R1/';

function serverWith(answer: () => SourceRow[]): SourceConnection {
  return {
    flavour: 'mysql',
    version: '8.4.10',
    connectionId: 1,
    lost: new AbortController().signal,
    query: async () => answer(),
    stream: () => {
      throw new TypeError('no rows are read here');
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

const refuse = (errno: number) => () => {
  throw Object.assign(new Error('denied'), { errno });
};

describe('how long RDS keeps the binlog', () => {
  test.each([
    ['not set', null],
    ['an hour', '1'],
  ])('is told when it is too short: %s', async (_, value) => {
    const [problem] = await checkRdsRetention(
      serverWith(() => [{ value }]),
      RDS,
    );
    expect(problem).toMatchObject({ severity: 'warning' });
    expect(problem?.cure).toBe("CALL mysql.rds_set_configuration('binlog retention hours', 168)");
  });

  test('is told when nobody may look', async () => {
    const [problem] = await checkRdsRetention(serverWith(refuse(1142)), RDS);
    expect(problem?.cure).toContain('GRANT SELECT ON mysql.rds_configuration');
  });

  test('is no matter when it is long, or the server is not of RDS', async () => {
    expect(
      await checkRdsRetention(
        serverWith(() => [{ value: '168' }]),
        RDS,
      ),
    ).toEqual([]);
    const never = serverWith(refuse(1146));
    expect(await checkRdsRetention(never, '/usr/')).toEqual([]);
    expect(await checkRdsRetention(never, undefined)).toEqual([]);
  });

  test('hides no other failure', async () => {
    await expect(checkRdsRetention(serverWith(refuse(2013)), RDS)).rejects.toThrow('denied');
  });
});
