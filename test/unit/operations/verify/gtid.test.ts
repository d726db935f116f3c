import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covers, parseGtidSet } from '../../../../operations/verify/gtid.ts';

const U = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const V = '2c256447-3f0d-431b-9a25-bddf1f1f6ef6';

const isCovered = (set: string, wanted: string) => covers(parseGtidSet(set), parseGtidSet(wanted));

describe('a MariaDB position', () => {
  it.each([
    ['0-1-10', '0-1-10', true],
    ['0-1-10', '0-1-9', true],
    ['0-1-10', '0-1-11', false],
    ['0-2-10', '0-1-9', true],
    ['0-1-10', '', true],
    ['', '0-1-1', false],
    ['0-1-10,5-1-7', '5-1-7', true],
    ['0-1-10', '0-1-3,5-1-1', false],
    ['0-1-18446744073709551615', '0-1-18446744073709551614', true],
    ['0-1-9007199254740992', '0-1-9007199254740993', false],
  ])('%j covers %j: %s', (set, wanted, expected) => {
    expect(isCovered(set, wanted)).toBe(expected);
  });
});

describe('a MySQL set', () => {
  it.each([
    [`${U}:1-5`, `${U}:1-5`, true],
    [`${U}:1-5`, `${U}:3`, true],
    [`${U}:1-5`, `${U}:5-6`, false],
    [`${U}:1-5:7-9`, `${U}:6`, false],
    [`${U}:1-5:6-9`, `${U}:4-8`, true],
    [`${U}:1-5:7-9`, `${U}:4-8`, false],
    [`${U}:1-5,\n${V}:1-27`, `${V}:27`, true],
    [`${U}:1-5`, `${V}:1`, false],
    [U.toUpperCase() + ':1-5', `${U}:2`, true],
    [`${U}:1-5:tag_a:1-3`, `${U}:tag_a:2`, true],
    [`${U}:1-5`, `${U}:tag_a:2`, false],
    [`${U}:tag_a:1-3`, `${U}:2`, false],
  ])('%j covers %j: %s', (set, wanted, expected) => {
    expect(isCovered(set, wanted)).toBe(expected);
  });

  it('covers exactly the transactions of which it is made', () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { minLength: 1 });
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 30 }), (held, wanted) => {
        const set = `${U}:${held.join(':')}`;
        expect(isCovered(set, `${U}:${wanted}`)).toBe(held.includes(wanted));
      }),
    );
  });
});

it.each(['0-1', 'x', U, `${U}:`, `${U}:1-`, '0-1-1;0-1-2'])('refuses %j', (text) => {
  expect(() => parseGtidSet(text)).toThrow(SyntaxError);
});
