import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DialectError } from '../../../../../../../infra/local/aws-endpoint/redshift/dialect/dialect-error.ts';
import { tokenize } from '../../../../../../../infra/local/aws-endpoint/redshift/dialect/tokens.ts';

const kinds = (sql: string) => tokenize(sql).map(({ kind, value }) => `${kind} ${value}`);

describe('tokenize', () => {
  it('folds names to lower case, with and without quotes (r_names)', () => {
    expect(kinds('Abc "DeF" "g""h"')).toEqual([
      'word abc',
      'quoted-name def',
      'quoted-name g"h',
      'end ',
    ]);
  });

  it('reads doubled quotes and backslash escapes in strings', () => {
    expect(tokenize(String.raw`'it''s' 'it\'s' 'a\\b' 'a\nb'`).map(({ value }) => value)).toEqual([
      "it's",
      "it's",
      String.raw`a\b`,
      'a\nb',
      '',
    ]);
  });

  it('leaves comments out, nested ones too', () => {
    expect(kinds("a -- it's\n/* x /* y */ 'z */ b")).toEqual(['word a', 'word b', 'end ']);
  });

  it('tells parameters from casts', () => {
    expect(kinds(':a x::integer')).toEqual([
      'parameter a',
      'word x',
      'operator ::',
      'word integer',
      'end ',
    ]);
  });

  it('reads numbers, also next to a dot and a name', () => {
    expect(kinds('1 1.5 .5 1e3 t.c')).toEqual([
      'number 1',
      'number 1.5',
      'number .5',
      'number 1e3',
      'word t',
      'operator .',
      'word c',
      'end ',
    ]);
  });

  it.each(["'open", '"open', '/* open', 'a \u0000 b', '`a`'])('refuses %j', (sql) => {
    expect(() => tokenize(sql)).toThrow(DialectError);
  });

  it('gives back every string that was quoted by doubling quotes and backslashes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const quoted = `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
        const [token] = tokenize(quoted);
        expect(token).toMatchObject({ kind: 'string', value: text });
      }),
    );
  });
});
