import fc from 'fast-check';
import {
  LargeEntry,
  splitEntries,
  type Before,
  type Ending,
} from '../../../log-shipper/entry-splitter.ts';
import type { LogFraming } from '../../../schemas/datasets/log-framing.ts';
import { supportLogs } from '../../../schemas/datasets/support-logs/index.ts';

export interface Part {
  readonly kind: string;
  readonly text: string;
}

/**
 * Reads a file that grows to each of some sizes, as a tail does: each window begins where the one
 * before it was consumed to.
 */
export function readGrowing(
  file: Buffer,
  sizes: readonly number[],
  options: {
    readonly framing?: LogFraming;
    readonly windowBytes?: number;
    readonly ending?: Ending;
    readonly before?: Before['kind'];
    /** Sizes at which the file rested, so that its end was taken as it stood. */
    readonly rests?: readonly number[];
  } = {},
): Part[] {
  const { framing = supportLogs.framing, windowBytes = Infinity, ending = 'end' } = options;
  const parts: Part[] = [];
  let before = options.before ?? 'nothing';
  let offset = 0;
  let large: { readonly entry: LargeEntry; readonly kind: string; length: number } | undefined;
  const add = (kind: string, length: number) => {
    parts.push({ kind, text: file.subarray(offset, offset + length).toString('latin1') });
    offset += length;
  };
  const step = (size: number, how: Ending): boolean => {
    const from = offset + (large?.length ?? 0);
    const window = file.subarray(from, Math.min(size, from + windowBytes));
    const full = window.length === windowBytes;
    const last = full ? 'more' : how;
    if (large) {
      const { consumed, ended } = large.entry.push(window, last);
      large.length += consumed;
      if (ended) {
        add(large.kind, large.length);
        large = undefined;
        before = 'nothing';
      }
      return full || ended;
    }
    const split = splitEntries(window, {
      ...{ framing, ending: last, before, full, atFileStart: offset === 0 },
    });
    for (const { start, end, kind } of split.spans) add(kind, end - start);
    before = split.before;
    if (full && split.consumed === 0 && split.open !== undefined) {
      large = { entry: new LargeEntry(framing), kind: split.open, length: 0 };
    }
    return full;
  };
  for (const size of options.rests ?? []) while (step(size, 'idle'));
  for (const size of sizes) while (step(size, 'more'));
  while (step(file.length, ending));
  return parts;
}

const line = fc.oneof(
  fc.constantFrom(
    '2025-07-01 00:21:00 [INFO] a',
    '2025-07-01 00:21:00 [INFO] b',
    '---',
    '--- ',
    '----',
    '--',
    '',
    '  \t',
    'Message="x"',
    '2025-07-01',
    '---2025-07-02 01:02:03 [INFO] glued',
    '2025-07-01 00:21:00',
  ),
  fc.string({ maxLength: 12 }),
);

/** Log files with everything that can go wrong in their framing. */
export const logFiles: fc.Arbitrary<Buffer> = fc
  .record({
    mark: fc.constantFrom('', '\u{feff}'),
    lines: fc.array(fc.tuple(line, fc.constantFrom('\n', '\n', '\n', '\r\n')), { maxLength: 30 }),
    last: line,
    raw: fc.uint8Array({ maxLength: 5 }),
  })
  .map(({ mark, lines, last, raw }) => {
    const text = lines.map(([text, end]) => text + end).join('');
    return Buffer.concat([Buffer.from(mark + text), raw, Buffer.from(last)]);
  });
