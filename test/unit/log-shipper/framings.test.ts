import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitLogFile } from '../../../operations/verify/log-splitting.ts';
import {
  beginningWith,
  lineByLine,
  type LogFraming,
} from '../../../schemas/datasets/log-framing.ts';
import { supportLogs } from '../../../schemas/datasets/support-logs/index.ts';
import { logFiles, readGrowing } from './growing-file.ts';

const stackTraces = beginningWith(/^\d{4}-\d{2}-\d{2}/);

const framings: readonly (readonly [string, LogFraming])[] = [
  ['lines', lineByLine],
  ['stack traces', stackTraces],
  ['support logs', supportLogs.framing],
];

const read = (framing: LogFraming, text: string, options: Parameters<typeof readGrowing>[2] = {}) =>
  readGrowing(Buffer.from(text), [text.length], { framing, ...options }).map(
    ({ kind, text: part }) => [kind, part] as const,
  );

describe.each(framings)('a file of %s', (_, framing) => {
  it('is divided as verify divides it', async () => {
    await fc.assert(
      fc.asyncProperty(logFiles, async (file) => {
        const shipped = readGrowing(file, [file.length], { framing });
        const pieces = [];
        for await (const { entry, length } of splitLogFile(framing, [file])) {
          pieces.push([entry === null ? 'filler' : 'entry', length]);
        }
        expect(shipped.map(({ kind, text }) => [kind, text.length])).toEqual(pieces);
      }),
    );
  });

  it('is divided alike however it grows, entries larger than a window too', () => {
    const filling = fc.constantFrom('x'.repeat(20_000), 'yz\n'.repeat(5_000), ' '.repeat(9_000));
    fc.assert(
      fc.property(
        logFiles,
        filling,
        logFiles,
        fc.array(fc.nat(30_000), { maxLength: 6 }),
        (a, long, b, cuts) => {
          const file = Buffer.concat([a, Buffer.from(`\n2025-07-01 00:21:00 ${long}\n`), b]);
          const sizes = cuts.map((cut) => Math.min(cut, file.length)).sort((x, y) => x - y);
          const whole = readGrowing(file, [], { framing });
          expect(readGrowing(file, sizes, { framing })).toEqual(whole);
          expect(readGrowing(file, sizes, { framing, windowBytes: 8_192 })).toEqual(whole);
        },
      ),
    );
  });
});

describe('lines', () => {
  it('are shipped as soon as they end', () => {
    const growing = readGrowing(Buffer.from('a\nb\n\nc'), [3, 6], {
      framing: lineByLine,
      ending: 'more',
    });
    expect(growing.map(({ kind, text }) => [kind, text])).toEqual([
      ['entry', 'a\n'],
      ['entry', 'b\n'],
      ['filler', '\n'],
    ]);
  });

  it('that rested half-written go on as what they are', () => {
    expect(read(lineByLine, 'half\nnext\n', { rests: [2] })).toEqual([
      ['entry', 'ha'],
      ['continued', 'lf\n'],
      ['entry', 'next\n'],
    ]);
    expect(read(lineByLine, 'whole\nnext\n', { rests: [5] })).toEqual([
      ['entry', 'whole'],
      ['filler', '\n'],
      ['entry', 'next\n'],
    ]);
  });

  it('go on in no other file', () => {
    expect(read(lineByLine, 'first\n', { before: 'interrupted' })).toEqual([['entry', 'first\n']]);
  });

  it('larger than a window end with their line end', () => {
    const long = 'x'.repeat(10_000);
    expect(read(lineByLine, `${long}\nnext\n`, { windowBytes: 8_192 })).toEqual([
      ['entry', `${long}\n`],
      ['entry', 'next\n'],
    ]);
  });
});

describe('stack traces', () => {
  it('belong to the line that they follow, up to the next one', () => {
    const trace = '2025-07-01 boom\n  at a.b\n\nCaused by: c\n  at d.e\n';
    expect(read(stackTraces, `${trace}2025-07-01 fine\n`)).toEqual([
      ['entry', trace],
      ['entry', '2025-07-01 fine\n'],
    ]);
  });
});
