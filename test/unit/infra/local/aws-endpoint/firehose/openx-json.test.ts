import { describe, expect, it } from 'vitest';
import { compileConversion } from '../../../../../../infra/local/aws-endpoint/firehose/openx-json.ts';

const convert = compileConversion([
  { name: 'name', glueType: 'string', warehouseType: 'VARCHAR(32)' },
  { name: 'count', glueType: 'int', warehouseType: 'INTEGER' },
  { name: 'total', glueType: 'bigint', warehouseType: 'BIGINT' },
]);

const row = (record: string) => {
  const conversion = convert(Buffer.from(record));
  return 'row' in conversion ? conversion.row : conversion.failure.code;
};

const MALFORMED = 'DataFormatConversion.MalformedData';
const UNREADABLE = 'DataFormatConversion.ParseError';

describe('keys', () => {
  it.each([
    ['{"name":"a","count":1,"total":2}', ['a', '1', '2'], 'in Glue order'],
    ['{"total":2,"name":"a"}', ['a', null, '2'], 'missing is NULL'],
    ['{"name":null,"count":null}', [null, null, null], 'null is NULL'],
    ['{}', [null, null, null], 'an empty object is a row'],
    ['{"NAME":"a","Count":1}', ['a', '1', null], 'any case'],
    ['{"Name":"first","name":"second"}', ['first', null, null], 'the first match wins'],
    ['{"other":{"deep":1},"name":"a"}', ['a', null, null], 'unknown keys are dropped'],
    [' {"name":"a"} \n', ['a', null, null], 'blanks around the document'],
    ['{"__proto__":"x","constructor":"y","name":"a"}', ['a', null, null], 'names of JavaScript'],
  ])('%s: %3$s', (record, expected) => {
    expect(row(record)).toEqual(expected);
  });
});

describe('values of a string column', () => {
  it.each([
    ['"text"', 'text'],
    ['""', ''],
    ['12', '12'],
    ['-1.5', '-1.5'],
    ['12345678901234567890', '12345678901234567890'],
    ['true', 'true'],
    ['{"B":{"C":[1,{"D":null}]}}', '{"b":{"c":[1,{"d":null}]}}'],
    ['[1,"a"]', '[1,"a"]'],
    [String.raw`"a\u0000b"`, 'a\0b'],
    [String.raw`"lone \ud800"`, 'lone \uFFFD'],
    ['"12345678901234567890"', '12345678901234567890'],
  ])('%s', (value, expected) => {
    expect(row(`{"name":${value}}`)).toEqual([expected, null, null]);
  });
});

describe('values of numeric columns', () => {
  it.each([
    ['count', '2147483647', '2147483647'],
    ['count', '-2147483648', '-2147483648'],
    ['count', '"12"', '12'],
    ['count', '"-0012"', '-12'],
    ['count', '"+7"', '7'],
    ['count', '1e3', '1000'],
    ['total', '9223372036854775807', '9223372036854775807'],
    ['total', '"-9223372036854775808"', '-9223372036854775808'],
    ['total', '9007199254740993', '9007199254740993'],
    ['total', '-0', '0'],
  ])('%s takes %s', (column, value, expected) => {
    const expectedRow = column === 'count' ? [null, expected, null] : [null, null, expected];
    expect(row(`{"${column}":${value}}`)).toEqual(expectedRow);
  });

  it.each([
    ['count', '2147483648'],
    ['count', '-2147483649'],
    ['count', '1.5'],
    ['count', '"1.5"'],
    ['count', '"oops"'],
    ['count', '""'],
    ['count', '" 1"'],
    ['count', '"0x1F"'],
    ['count', '"١"'],
    ['count', 'true'],
    ['count', '{}'],
    ['count', '[1]'],
    ['total', '9223372036854775808'],
    ['total', '"-9223372036854775809"'],
    ['total', `"${'9'.repeat(5000)}"`],
    ['total', '1e30'],
  ])('%s refuses %s', (column, value) => {
    expect(row(`{"${column}":${value}}`)).toBe(MALFORMED);
  });

  it('says which value did not fit', () => {
    expect(convert(Buffer.from('{"count":"oops"}'))).toEqual({
      failure: {
        code: MALFORMED,
        message: 'Data does not match the schema. For input string: "oops"',
      },
    });
  });
});

describe('records that are no JSON object', () => {
  it.each([
    ['', MALFORMED],
    [' \n', MALFORMED],
    ['{"name":"a"', UNREADABLE],
    ['{"name":"a"}{"name":"b"}', UNREADABLE],
    ['{"name":"a"} x', UNREADABLE],
    ['[{"name":"a"}]', UNREADABLE],
    ['"name"', UNREADABLE],
    ['12345678901234567890', UNREADABLE],
    ['null', UNREADABLE],
  ])('%j fails by itself as %s', (record, code) => {
    expect(row(record)).toBe(code);
  });

  it('fails bytes that are not UTF-8', () => {
    expect(convert(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]))).toMatchObject({
      failure: { code: UNREADABLE },
    });
  });
});
