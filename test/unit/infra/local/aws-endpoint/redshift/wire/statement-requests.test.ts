import { describe, expect, it } from 'vitest';
import {
  parseBatch,
  parseDescribe,
  parseExecute,
} from '../../../../../../../infra/local/aws-endpoint/redshift/wire/statement-requests.ts';

const workgroup = { name: 'w', database: 'd', secretArns: ['secret'] };
const target = { WorkgroupName: 'w', Database: 'd' };

describe('requests (API_ExecuteStatement, API_BatchExecuteStatement)', () => {
  it('reads a batch', () => {
    const request = parseBatch(
      { ...target, Sqls: ['a', 'b'], SecretArn: 'secret', ExecutionMode: 'AUTO_COMMIT' },
      workgroup,
    );
    expect(request).toMatchObject({
      operation: 'BatchExecuteStatement',
      sqls: ['a', 'b'],
      mode: 'AUTO_COMMIT',
      waitSeconds: 0,
    });
  });

  it('hashes what runs, not how it is waited for', () => {
    const hash = (input: object) => parseExecute({ ...target, Sql: 'a', ...input }, workgroup).hash;
    expect(hash({ WaitTimeSeconds: 5 })).toBe(hash({}));
    expect(hash({ Sql: 'b' })).not.toBe(hash({}));
    expect(hash({ Parameters: [{ name: 'p', value: '1' }] })).not.toBe(hash({}));
  });

  it.each([
    ['an unknown workgroup', { WorkgroupName: 'x' }],
    ['no workgroup', { WorkgroupName: undefined }],
    ['an unknown database', { Database: 'x' }],
    ['an unknown secret', { SecretArn: 'x' }],
    ['a cluster', { ClusterIdentifier: 'x' }],
    ['a user', { DbUser: 'x' }],
    ['a session', { SessionKeepAliveSeconds: 60 }],
    ['an empty statement', { Sql: '' }],
    ['a statement above 100 KB', { Sql: 'é'.repeat(50_001) }],
    ['a wait above 30 s', { WaitTimeSeconds: 31 }],
    ['a token above 64 characters', { ClientToken: 'x'.repeat(65) }],
    ['an empty parameter', { Parameters: [{ name: 'p', value: '' }] }],
    ['a parameter without a value', { Parameters: [{ name: 'p' }] }],
    [
      'a parameter twice',
      {
        Parameters: [
          { name: 'p', value: '1' },
          { name: 'p', value: '2' },
        ],
      },
    ],
    ['another format', { ResultFormat: 'CSV' }],
  ])('refuses %s', (_, input) => {
    expect(() => parseExecute({ ...target, Sql: 'a', ...input }, workgroup)).toThrow(
      expect.objectContaining({ type: 'ValidationException', httpStatus: 400 }),
    );
  });

  it('takes 1 to 40 statements', () => {
    const batch = (count: number) => () =>
      parseBatch({ ...target, Sqls: Array<string>(count).fill('a') }, workgroup);
    expect(batch(40)().sqls).toHaveLength(40);
    expect(batch(41)).toThrow();
    expect(batch(0)).toThrow();
  });

  it('takes the id of a statement and of a part of a batch', () => {
    const id = 'd9b6c0c9-0747-4bf4-b142-e8883122f766';
    expect(parseDescribe({ Id: `${id}:2` }).Id).toBe(`${id}:2`);
    expect(() => parseDescribe({ Id: 'x' })).toThrow();
  });
});
