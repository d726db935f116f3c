import { expect, it } from 'vitest';
import { alignedTable } from '../../../../operations/cli/aligned-table.ts';

it('aligns texts to the left, numbers to the right, and shows line breaks', () => {
  expect(
    alignedTable(
      ['name', 'n', 'note'],
      [
        ['Ann', 7, 'a\nb'],
        ['Bo', 12, null],
      ],
    ),
  ).toEqual([
    'name   n  note', //
    '----  --  ----',
    'Ann    7  a\\nb',
    'Bo    12',
  ]);
});

it('has names and a rule when there are no rows', () => {
  expect(alignedTable(['a', 'bc'], [])).toEqual(['a  bc', '-  --']);
});
