import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  literalText,
  mysqlName,
  quotedName,
  quoteText,
  sqlInteger,
  sqlName,
  standardText,
} from '../../../../runtime/sql/quoting.ts';
import { cutToBytes } from '../../../../warehouse-loader/load-statements.ts';

/** Reads an expression of literals and CHR(92), as Redshift does: a backslash would be an escape. */
function evaluate(expression: string): string {
  const part = /(?:^| \|\| )(?:CHR\(92\)|'((?:[^'\\]|'')*)')/y;
  let text = '';
  while (part.lastIndex < expression.length) {
    const match = part.exec(expression);
    if (!match) throw new SyntaxError(expression);
    text += match[1]?.replaceAll("''", "'") ?? '\\';
  }
  return text;
}

describe('quoteText', () => {
  test.each([
    ['plain', "'plain'"],
    ["O'Brien", "'O''Brien'"],
    ['', "''"],
    ['a\\b', "'a' || CHR(92) || 'b'"],
    ["\\'; DROP TABLE t; --", "'' || CHR(92) || '''; DROP TABLE t; --'"],
  ])('%s', (text, sql) => {
    expect(quoteText(text)).toBe(sql);
  });

  test('gives back every text that a warehouse can hold', () => {
    const parts = fc.constantFrom("'", '\\', 'a', ' || ', 'CHR(92)', '--', ';', 'ü', '😀');
    fc.assert(
      fc.property(
        fc.array(parts).map((each) => each.join('')),
        (text) => {
          expect(evaluate(quoteText(text))).toBe(text);
        },
      ),
    );
  });

  test('refuses NUL', () => {
    expect(() => quoteText('a\0b')).toThrow('NUL');
  });
});

test.each(['Ticket', 'a-b', '1a', '', 'a;b', 'a"b', 'x'.repeat(62)])('%j is no name', (name) => {
  expect(() => sqlName(name)).toThrow('not an SQL name');
});

test('a name passes as it is', () => {
  expect(sqlName('ticket_2')).toBe('ticket_2');
});

test.each([1.5, Number.NaN, 2 ** 53])('%d is no integer', (value) => {
  expect(() => sqlInteger(value)).toThrow('not an integer');
});

test.each([
  ['abc', 3, 'abc'],
  ['abcd', 3, 'abc'],
  ['aü', 2, 'a'],
  ['aü', 3, 'aü'],
  ['😀', 3, ''],
  ['', 0, ''],
])('%s cut to %d bytes', (text, bytes, expected) => {
  expect(cutToBytes(text, bytes)).toBe(expected);
});

test('names and texts of other servers cannot end their quotes', () => {
  expect(mysqlName('a`b')).toBe('`a``b`');
  expect(quotedName('a"b')).toBe('"a""b"');
  expect(standardText("it's \\")).toBe("'it''s \\'");
});

test('a literal that stands alone ends at no quote and no backslash of the text', () => {
  expect(literalText("it's a \\ here")).toBe("'it''s a \\\\ here'");
});

test('nobody else quotes for SQL', () => {
  const root = path.resolve(import.meta.dirname, '../../../..');
  const folders = ['cdc-reader', 'dashboards', 'log-shipper', 'operations', 'runtime', 'schemas'];
  const own = ['stream-processors', 'warehouse-loader', ...folders]
    .flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root }))
    // CSV doubles its quotes too (RFC 4180).
    .filter(
      (file) => !['runtime/sql/quoting.ts', 'dashboards/web/lists/csv-text.ts'].includes(file),
    );
  expect(own.length).toBeGreaterThan(200);
  const quoting = /replaceAll\((?:"'", "''"|'`', '``'|'"', '""')\)/;
  const found = own.filter((file) => quoting.test(readFileSync(path.join(root, file), 'utf8')));
  expect(found).toEqual([]);
});
