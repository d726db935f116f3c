import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalKind,
  fromBinlog,
  fromSnapshot,
  selectExpression,
  type CanonicalKind,
} from '../../../cdc-reader/canonical-value.ts';

const bytes = (hex: string) => Buffer.from(hex, 'hex');

/** What zongji decodes, what the text protocol sends, and the one text that both must give. */
const pairs: readonly [CanonicalKind, unknown, string | Buffer, string][] = [
  ['integer', -5, '-5', '-5'],
  ['integer', 42, '00042', '42'],
  ['integer', 0, '000', '0'],
  ['integer', '18446744073709551615', '18446744073709551615', '18446744073709551615'],
  ['integer', Number.MIN_SAFE_INTEGER, '-9007199254740991', '-9007199254740991'],
  ['decimal', '-0.5000', '-0.5000', '-0.5000'],
  ['decimal', '1.50', '00000001.50', '1.50'],
  ['decimal', '-0.00', '0.00', '0.00'],
  ['decimal', '12345678901234567890.12', '12345678901234567890.12', '12345678901234567890.12'],
  ['float', 1.100000023841858, '1.100000023841858', '1.1'],
  ['float', 16777216, '16777216', '16777216'],
  ['float', -0, '0', '0'],
  ['float', 3.4028234663852886e38, '3.4028234663852886e38', '3.4028235e+38'],
  ['float', 1.401298464324817e-45, '1.401298464324817e-45', '1e-45'],
  ['double', 0.1, '0.1', '0.1'],
  ['double', 1e300, '1e300', '1e+300'],
  ['double', -0, '-0', '0'],
  ['year', 1900, '0000', '0000'],
  ['year', 2155, '2155', '2155'],
  ['bytes', bytes('00ff'), bytes('00ff'), '00ff'],
  ['bytes', bytes(''), bytes(''), ''],
  ['char', 'a  ', 'a', 'a'],
  ['text', ' a ', ' a ', ' a '],
  ['text', '😀\0', '😀\0', '😀\0'],
  ['choice', undefined, '', ''],
  ['choice', 'a,b', 'a,b', 'a,b'],
  ['date', '0000-00-00', '0000-00-00', '0000-00-00'],
  [
    'date',
    '2025-02-00 23:59:59.123456',
    '2025-02-00 23:59:59.123456',
    '2025-02-00 23:59:59.123456',
  ],
  ['time', '-838:59:59', '-838:59:59', '-838:59:59'],
  ['time', '-00:00:64', '-00:01:00', '-00:01:00'],
  ['time', '-09:63:64', '-10:00:00', '-10:00:00'],
  ['time', '-99:63:64.000', '-100:00:00.000', '-100:00:00.000'],
  ['time', '-00:01:00.500', '-00:01:00.500', '-00:01:00.500'],
  ['timestamp', '2025-01-01 00:00:00.5', '2025-01-01 00:00:00.5', '2025-01-01 00:00:00.5'],
  ['timestamp', '0000-00-00 00:00:00', '0000-00-00 00:00:00', '0000-00-00 00:00:00'],
  ['timestamp', '1901-12-13 20:45:52.25', '2038-01-19 03:14:08.25', '2038-01-19 03:14:08.25'],
  ['json', '{"a":1,"b":[1.5,"\\u00e9"]}', '{"a": 1, "b": [1.5, "é"]}', '{"a":1,"b":[1.5,"é"]}'],
  [
    'json',
    '{"9":1,"":2,"a":{"c":1,"b":-0.5e1}}',
    '{"": 2, "9": 1, "a": {"b": -5.0, "c": 1}}',
    '{"":2,"9":1,"a":{"b":-5,"c":1}}',
  ],
  [
    'json',
    '[18446744073709551615,1.0,true]',
    '[18446744073709551615, 1, true]',
    '[18446744073709551615,1,true]',
  ],
  [
    'uuid',
    bytes('123e4567e89b12d3a456426655440000'),
    '123e4567-e89b-12d3-a456-426655440000',
    '123e4567-e89b-12d3-a456-426655440000',
  ],
  ['inet4', bytes('01020304'), '1.2.3.4', '1.2.3.4'],
  ['inet6', bytes('0'.repeat(32)), '::', '::'],
  ['inet6', bytes('0'.repeat(31) + '1'), '::1', '::1'],
  ['inet6', bytes('00000000000000000000ffff01020304'), '::ffff:1.2.3.4', '::ffff:1.2.3.4'],
  ['inet6', bytes('000000000000000000000000c0a80001'), '::192.168.0.1', '::192.168.0.1'],
  ['inet6', bytes('20010db8000000000001000000000001'), '2001:db8::1:0:0:1', '2001:db8::1:0:0:1'],
  [
    'inet6',
    bytes('20010db8000100020003000400050006'),
    '2001:db8:1:2:3:4:5:6',
    '2001:db8:1:2:3:4:5:6',
  ],
  ['inet6', bytes('00010002000000040005000600070008'), '1:2::4:5:6:7:8', '1:2::4:5:6:7:8'],
  ['inet6', bytes('00010002000300040005000600070000'), '1:2:3:4:5:6:7::', '1:2:3:4:5:6:7::'],
  ['inet6', bytes('00010000000300000000000600000000'), '1:0:3::6:0:0', '1:0:3::6:0:0'],
  ['inet6', bytes('fe800000000000000000000000000000'), 'fe80::', 'fe80::'],
];

describe('canonical values', () => {
  it.each(pairs)('%s: %j and %j give %s', (kind, binlog, snapshot, text) => {
    const sent = typeof snapshot === 'string' ? Buffer.from(snapshot) : snapshot;
    expect([fromBinlog[kind](binlog), fromSnapshot[kind](sent)]).toEqual([text, text]);
  });

  it('tells two different single-precision numbers apart', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = fromBinlog.float(value);
        expect(Math.fround(Number(text))).toBe(value === 0 ? 0 : value);
      }),
    );
  });

  it('leaves out of JSON what the binlog’s decoder loses', () => {
    expect(fromSnapshot.json(Buffer.from('{"__proto__": 1, "a": 2}'))).toBe('{"a":2}');
  });

  it('carries no spatial types', () => {
    expect(canonicalKind('point')).toBeUndefined();
    expect(canonicalKind('decimal(10,2) unsigned')).toBe('decimal');
  });

  it('asks for all digits of floating point numbers and quotes names', () => {
    expect(selectExpression('a`b', 'float')).toBe('`a``b` + 0e0');
    expect(selectExpression('IssUeCat', 'text')).toBe('`IssUeCat`');
  });
});
