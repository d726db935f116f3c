import { describe, expect, test } from 'vitest';
import { createAuthorizer } from '../../../../../../infra/local/aws-endpoint/authorization/authorizer.ts';
import { parsePolicies } from '../../../../../../infra/local/aws-endpoint/authorization/policy-documents.ts';
import {
  isAllowed,
  type Access,
} from '../../../../../../infra/local/aws-endpoint/authorization/policy-evaluation.ts';

const BUCKET = 'arn:aws:s3:::lake';

function statementsOf(...statements: object[]) {
  const document = { Version: '2012-10-17', Statement: statements };
  return parsePolicies({ key: document }).get('key') ?? [];
}

const allow = (Action: string | string[], Resource: string | string[], Condition?: object) => ({
  ...{ Effect: 'Allow', Action, Resource },
  ...(Condition && { Condition }),
});

const may = (statements: object[], access: Access) =>
  isAllowed(statementsOf(...statements), access);

describe('what policies allow', () => {
  const put = { action: 's3:PutObject', resource: `${BUCKET}/_loader/latest/x.json` };

  test('is nothing where no statement speaks of it', () => {
    expect(may([], put)).toBe(false);
    expect(may([allow('s3:GetObject', `${BUCKET}/*`)], put)).toBe(false);
    expect(may([allow('s3:PutObject', `${BUCKET}/raw/*`)], put)).toBe(false);
    expect(may([allow('s3:PutObject', BUCKET)], put)).toBe(false);
  });

  test('is told by patterns, actions without regard to case', () => {
    expect(may([allow('S3:putobject', `${BUCKET}/_loader/*`)], put)).toBe(true);
    expect(may([allow(['s3:Get*', 's3:Put*'], `${BUCKET}/*`)], put)).toBe(true);
    expect(may([allow('s3:PutObject', `${BUCKET}/_loader/latest/?.json`)], put)).toBe(true);
    expect(may([allow('s3:PutObject', `${BUCKET}/_LOADER/*`)], put)).toBe(false);
    // A dot is a dot.
    expect(may([allow('s3:PutObject', `${BUCKET}/_loader/latest/x-json`)], put)).toBe(false);
  });

  test('is taken back by a statement that denies', () => {
    const denial = { ...allow('s3:*', `${BUCKET}/_loader/*`), Effect: 'Deny' };
    expect(may([allow('*', '*')], put)).toBe(true);
    expect(may([allow('*', '*'), denial], put)).toBe(false);
  });
});

describe('conditions', () => {
  const list = (prefix?: string): Access => ({
    action: 's3:ListBucket',
    resource: BUCKET,
    ...(prefix !== undefined && { context: { 's3:prefix': prefix } }),
  });
  const under = (operator: string) => [
    allow('s3:ListBucket', BUCKET, { [operator]: { 's3:prefix': ['raw/*', 'processed/'] } }),
  ];

  test('hold when one of the values does', () => {
    expect(may(under('StringLike'), list('raw/dt=1/'))).toBe(true);
    expect(may(under('StringLike'), list('processed/'))).toBe(true);
    expect(may(under('StringLike'), list('processed/dt=1/'))).toBe(false);
    expect(may(under('StringLike'), list(''))).toBe(false);
    expect(may(under('StringEquals'), list('raw/dt=1/'))).toBe(false);
  });

  test('of a key that the request does not have hold only IfExists', () => {
    expect(may(under('StringLike'), list())).toBe(false);
    expect(may(under('StringLikeIfExists'), list())).toBe(true);
    expect(may(under('StringLikeIfExists'), list('else/'))).toBe(false);
  });

  test('may name what the request says of its caller', () => {
    const own = [allow('d:Describe', '*', { StringEquals: { owner: '${aws:userid}' } })];
    const access = (context: Record<string, string>) => ({
      ...{ action: 'd:Describe', resource: '*', context },
    });
    expect(may(own, access({ owner: 'me', 'aws:userid': 'me' }))).toBe(true);
    expect(may(own, access({ owner: 'you', 'aws:userid': 'me' }))).toBe(false);
    expect(may(own, access({ owner: 'you' }))).toBe(false);
  });

  test('that are not evaluated here make a document unreadable', () => {
    const strange = allow('s3:*', '*', { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } });
    expect(() => statementsOf(strange)).toThrow('IpAddress');
    expect(() => statementsOf({ ...allow('s3:*', '*'), NotAction: 's3:x' })).toThrow('NotAction');
  });
});

test('a key without a policy may do everything, one with it only all of what is asked', () => {
  const authorizer = createAuthorizer(
    parsePolicies({
      daemon: { Version: '2012-10-17', Statement: [allow('s3:GetObject', `${BUCKET}/a`)] },
    }),
  );
  const get = { action: 's3:GetObject', resource: `${BUCKET}/a` };
  const put = { action: 's3:PutObject', resource: `${BUCKET}/a` };
  expect(authorizer.refusal('owner', [get, put])).toBeUndefined();
  expect(authorizer.refusal('daemon', [get])).toBeUndefined();
  expect(authorizer.refusal('daemon', [get, put])).toBe(
    'User: arn:aws:sts::000000000000:assumed-role/daemon is not authorized to perform: ' +
      `s3:PutObject on resource: ${BUCKET}/a because no identity-based policy allows the ` +
      's3:PutObject action',
  );
});
