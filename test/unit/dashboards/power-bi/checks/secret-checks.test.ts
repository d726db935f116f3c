import { expect, it } from 'vitest';
import { add, replace, problemsAfter, type Damage } from './damage.ts';

const expressions = 'CarePlus.SemanticModel/definition/expressions.tmdl';
const report = 'CarePlus.Report/definition/report.json';

const damages: readonly (readonly [string, Damage, RegExp])[] = [
  [
    'a real server',
    replace(expressions, '000000000000', '123456789012'),
    /holds the host careplus\.123456789012/,
  ],
  ['a password', replace(expressions, '"careplus"', '"careplus;PWD=x"'), /holds a password/],
  [
    'credentials in an address',
    replace(expressions, '"careplus"', '"jdbc:redshift://u:p@h/d"'),
    /credentials in an address/,
  ],
  [
    'a user',
    replace(expressions, '"careplus"', '"careplus;UID=admin"'),
    /a connection string with a user/,
  ],
  ['an access key', replace(expressions, '"careplus"', `"AKIA${'A'.repeat(16)}"`), /an access key/],
  [
    'an address of a machine',
    replace(expressions, '"careplus"', '"10.0.0.7"'),
    /an address of a machine/,
  ],
  ['a person', replace(report, '"CarePlus.json"', '"ann@example.com"'), /a person’s address/],
  ['a key', add('CarePlus.Report/key.pem', '-----BEGIN PRIVATE KEY-----'), /a private key/],
  [
    'settings of one person',
    add('CarePlus.Report/.pbi/localSettings.json', '{}'),
    /a file of one person/,
  ],
  [
    'an account',
    replace(expressions, '/// Address', '/// arn:aws:iam::123456789012:role/x'),
    /holds an account of AWS/,
  ],
];

it.each(damages)('finds %s', (_what, damage, expected) => {
  expect(problemsAfter(damage)).toMatch(expected);
});
