import { describe, expect, test } from 'vitest';
import { splitStatements } from '../../../warehouse-loader/sql-splitting.ts';

describe('splitStatements', () => {
  test.each<[string, string, string[]]>([
    ['separators', 'SELECT 1; SELECT 2;', ['SELECT 1', 'SELECT 2']],
    ['no separator at the end', 'SELECT 1;\nSELECT 2\n', ['SELECT 1', 'SELECT 2']],
    ['a separator in a string', "SELECT 'a;b''c;'; SELECT 2", ["SELECT 'a;b''c;'", 'SELECT 2']],
    ['a separator in a name', 'SELECT "a;""b"; SELECT 2', ['SELECT "a;""b"', 'SELECT 2']],
    ['a line comment', 'SELECT 1 -- one; two\n, 2; SELECT 3', ['SELECT 1  \n, 2', 'SELECT 3']],
    ['a block comment', 'SELECT /* a; \n b */ 1; SELECT 2', ['SELECT   1', 'SELECT 2']],
    ['a quote in a comment', "-- don't\nSELECT 1; SELECT 2", ['SELECT 1', 'SELECT 2']],
    ['a comment sign in a string', "SELECT '--'; SELECT '/*'", ["SELECT '--'", "SELECT '/*'"]],
    ['minus and division', 'SELECT 1 - 2 / 3; SELECT 4', ['SELECT 1 - 2 / 3', 'SELECT 4']],
    ['nothing', ' ;\n-- only words\n;', []],
  ])('%s', (_, text, expected) => {
    expect(splitStatements(text)).toEqual(expected);
  });
});
