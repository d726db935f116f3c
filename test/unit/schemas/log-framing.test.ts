import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  beginningWith,
  lineByLine,
  MAX_FRAMING_LINE,
  textEnd,
  type LogFraming,
} from '../../../schemas/datasets/log-framing.ts';
import { logDatasets } from '../../../schemas/datasets/registry.ts';

const framings: readonly (readonly [string, LogFraming])[] = [
  ['lines', lineByLine],
  ['stack traces', beginningWith(/^\[\d{4}-\d\d-\d\dT/)],
  ['entries with an end', beginningWith(/^#\d+/, '== end')],
  ...logDatasets.map(({ name, framing }) => [name, framing] as const),
];

/** Lines that look like what the framings look for, and like nearly that. */
const part = fc.constantFrom(
  ...[
    '[2025-07-01T',
    '2025-07-01 00:21:00 ',
    '2025-',
    '---',
    '--',
    '-',
    '== end',
    '==',
    '#12',
    '#',
  ],
  ...[' ', '\t', '\r', 'x', 'ü', ' '.repeat(MAX_FRAMING_LINE - 2), 'y'.repeat(MAX_FRAMING_LINE)],
);
const line = fc.array(part, { maxLength: 6 }).map((parts) => Buffer.from(parts.join('')));

const judge = ({ classifyLine }: LogFraming, bytes: Buffer, complete = true) =>
  classifyLine(bytes, 0, bytes.length, complete);

describe.each(framings)('the framing of %s', (_, framing) => {
  it('tells nothing of the beginning of a line that the whole line does not say', () => {
    fc.assert(
      fc.property(line, fc.nat(), (bytes, at) => {
        const early = judge(framing, bytes.subarray(0, at % (bytes.length + 1)), false);
        if (early !== undefined) expect(early).toBe(judge(framing, bytes));
      }),
    );
  });

  it('says of bytes what its looks say of lines', () => {
    const { start, terminator } = framing;
    const byLooks = start === null ? lineByLine : beginningWith(start, terminator);
    fc.assert(
      fc.property(line, (bytes) => {
        expect(judge(framing, bytes)).toBe(judge(byLooks, bytes));
      }),
    );
  });
});

describe('entries of several lines', () => {
  const framing = beginningWith(/^\d{4} /, 'END');

  it('begin and end with lines of their look; between them is text', () => {
    const kinds = ['2025 a', 'END', 'END \r', '', '  ', 'ENDED', ' at x.y', 'END2026 b'].map(
      (text) => judge(framing, Buffer.from(text)),
    );
    expect(kinds).toEqual([
      ...['start', 'terminator', 'terminator', 'blank', 'blank', 'text', 'text'],
      'glued-terminator',
    ]);
  });

  it('are identified without the line that ends them', () => {
    expect(textEnd(framing, Buffer.from('2025 a\nb\nEND \n'))).toBe('2025 a\nb\n'.length);
    expect(textEnd(framing, Buffer.from('2025 a\nEND\nb\n'))).toBe('2025 a\nEND\nb\n'.length);
    expect(textEnd(lineByLine, Buffer.from('END\n'))).toBe('END\n'.length);
  });

  it('cannot be looked for by an expression that remembers, or end with what is no ASCII', () => {
    expect(() => beginningWith(/^x/g)).toThrow(/remembers/);
    expect(() => beginningWith(/^x/, '—')).toThrow(TypeError);
    expect(() => beginningWith(/^x/, 'end ')).toThrow(TypeError);
    expect(() => beginningWith(/^x/, '')).toThrow(TypeError);
  });
});
