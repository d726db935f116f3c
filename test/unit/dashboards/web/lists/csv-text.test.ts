import { describe, expect, it } from 'vitest';
import { csvText } from '../../../../../dashboards/web/lists/csv-text.ts';

describe('rows as comma-separated values', () => {
  it('stand under their columns, in UTF-8 that a spreadsheet knows', () => {
    const rows = [{ id: 'T1', count: -3, none: null }];
    expect(csvText(['id', 'none', 'count'], rows)).toBe('\uFEFFid,none,count\r\nT1,,-3\r\n');
    expect(csvText(['id'], [])).toBe('\uFEFFid\r\n');
  });

  it.each([
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    ['שרה', 'שרה'],
    // No text of a stranger becomes a formula.
    ['=HYPERLINK("http://evil")', `"'=HYPERLINK(""http://evil"")"`],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\tx', "'\tx"],
    ['a=b', 'a=b'],
  ])('%j is %s', (text, cell) => {
    expect(csvText(['text'], [{ text }])).toBe(`\uFEFFtext\r\n${cell}\r\n`);
  });
});
