import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logFiles, readGrowing } from './growing-file.ts';

const START = '2025-07-01 00:21:00 [INFO] ';
const read = (text: string, options: Parameters<typeof readGrowing>[2] = {}) =>
  readGrowing(Buffer.from(text, 'latin1'), [text.length], options).map(
    ({ kind, text: part }) => [kind, part] as const,
  );

describe('dividing a log file into ranges', () => {
  it('ends an entry behind its terminator and line end', () => {
    const [a, b] = [`${START}a\nIP=1\n---\n`, `${START}b\n---\n`];
    expect(read(a + b)).toEqual([
      ['entry', a],
      ['entry', b],
    ]);
  });

  it('keeps the last entry of a file without a line end', () => {
    expect(read(`${START}a\n---`)).toEqual([['entry', `${START}a\n---`]]);
  });

  it('tells entries apart that lack their terminator', () => {
    expect(read(`${START}a\nx\n\n${START}b\n`)).toEqual([
      ['entry', `${START}a\nx\n\n`],
      ['entry', `${START}b\n`],
    ]);
  });

  it('tells entries apart that were glued together at a missing line end', () => {
    expect(read(`${START}a\n---${START}b\n---\n`)).toEqual([
      ['entry', `${START}a\n---`],
      ['entry', `${START}b\n---\n`],
    ]);
  });

  it('takes CRLF, blanks behind the terminator, and bytes that are no UTF-8', () => {
    const entry = `${START}a\r\n\xff\xfe\r\n--- \t\r\n`;
    expect(read(entry + entry)).toEqual([
      ['entry', entry],
      ['entry', entry],
    ]);
  });

  it('makes filler of a byte order mark, blank lines and terminators of nothing', () => {
    expect(read(`\xef\xbb\xbf\n${START}a\n---\n\r\n---\n \n${START}b\n---\n\n`)).toEqual([
      ['filler', '\xef\xbb\xbf\n'],
      ['entry', `${START}a\n---\n`],
      ['filler', '\r\n---\n \n'],
      ['entry', `${START}b\n---\n`],
      ['filler', '\n'],
    ]);
  });

  it('loses no text before the first timestamp or behind a terminator', () => {
    expect(read(`half\nan entry\n---\nstray\n${START}a\n---\n`)).toEqual([
      ['entry', 'half\nan entry\n---\n'],
      ['entry', 'stray\n'],
      ['entry', `${START}a\n---\n`],
    ]);
  });

  it('takes lines for text that only look like framing', () => {
    const entry = `${START}a\n----\n-- -\n2025-07-01\n2025-07-01 00:21:0x [\n---x\n---2025-07-01 x\n---\n`;
    expect(read(entry)).toEqual([['entry', entry]]);
  });

  it('continues what was shipped as it stood, but not behind a terminator', () => {
    const rest = `b\n---\n${START}c\n---\n`;
    expect(read(rest, { before: 'interrupted' })[0]).toEqual(['continued', 'b\n---\n']);
    expect(read(rest, { before: 'head' })[0]).toEqual(['tail', 'b\n---\n']);
    expect(read(`\n${rest}`, { before: 'interrupted' })).toEqual([
      ['filler', '\n'],
      ['continued', 'b\n---\n'],
      ['entry', `${START}c\n---\n`],
    ]);
    expect(read(`---\n${rest}`, { before: 'interrupted' })[1]).toEqual(['entry', 'b\n---\n']);
    expect(read(`${START}b\n---\n`, { before: 'interrupted' })[0]?.[0]).toBe('entry');
  });

  it('names the head of an entry that the next file continues', () => {
    expect(read(`${START}a\nx`, { ending: 'cut' })).toEqual([['head', `${START}a\nx`]]);
    expect(read(`${START}a\n---\n`, { ending: 'cut' })).toEqual([['entry', `${START}a\n---\n`]]);
  });

  it('gives ranges that tile the file', () => {
    fc.assert(
      fc.property(logFiles, (file) => {
        const parts = readGrowing(file, []);
        expect(parts.map(({ text }) => text).join('')).toBe(file.toString('latin1'));
        for (const { text } of parts) expect(text).not.toBe('');
      }),
    );
  });

  it('depends on the bytes alone, not on how the file grew', () => {
    fc.assert(
      fc.property(logFiles, fc.array(fc.nat(400)), (file, cuts) => {
        const sizes = cuts.map((cut) => Math.min(cut, file.length)).sort((a, b) => a - b);
        expect(readGrowing(file, sizes)).toEqual(readGrowing(file, []));
        const everyByte = Array.from(file, (_, index) => index);
        expect(readGrowing(file, everyByte)).toEqual(readGrowing(file, []));
      }),
      { numRuns: 300 },
    );
  });

  it('divides entries larger than a window as if the window were larger', () => {
    const long = fc.tuple(fc.nat(3), fc.integer({ min: 5_000, max: 30_000 }));
    fc.assert(
      fc.property(logFiles, long, logFiles, fc.array(fc.nat(40_000)), (a, [what, n], b, cuts) => {
        const filling = ['x'.repeat(n), 'yz\n'.repeat(n / 3), ' '.repeat(n), '---'.repeat(n / 3)];
        const text = Buffer.from(`\n${START}${filling[what] ?? ''}\n`);
        const file = Buffer.concat([a, text, b]);
        const sizes = cuts.map((cut) => Math.min(cut, file.length)).sort((x, y) => x - y);
        const windowBytes = 8_192;
        const whole = readGrowing(file, []);
        expect(readGrowing(file, sizes, { windowBytes })).toEqual(whole);
      }),
      { numRuns: 100 },
    );
  });
});
