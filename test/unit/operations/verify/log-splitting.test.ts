import { readdirSync, readFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitLogFile, type FilePiece } from '../../../../operations/verify/log-splitting.ts';
import { supportLogs } from '../../../../schemas/datasets/support-logs/index.ts';

const { framing } = supportLogs;

async function split(text: string | Buffer, chunkBytes = 1 << 20): Promise<FilePiece[]> {
  const bytes = Buffer.from(text as string);
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    chunks.push(bytes.subarray(at, at + chunkBytes));
  }
  const pieces: FilePiece[] = [];
  for await (const piece of splitLogFile(framing, chunks)) pieces.push(piece);
  return pieces;
}

/** Entries as texts, filler as its length. */
async function shape(text: string, chunkBytes?: number): Promise<(string | number)[]> {
  const pieces = await split(text, chunkBytes);
  return pieces.map(({ entry, length }) => entry?.toString('utf8') ?? length);
}

const A = '2025-07-01 00:21:00 [INFO] a - TicketID=1\nIP=1\n---';
const B = '2025-07-01 00:22:00 [INFO] b - TicketID=2\n\nIP=2\n---';

describe('splitLogFile', () => {
  it('keeps the last entry of a file without a line end', async () => {
    expect(await shape(`${A}\n${B}`)).toEqual([`${A}\n`, B]);
  });

  it('ends an entry before the next timestamp when it has no terminator', async () => {
    const open = '2025-07-01 00:20:00 [INFO] x -\nIP=0\n';
    expect(await shape(`${open}${A}`)).toEqual([open, A]);
  });

  it('sees a terminator that is glued to the next timestamp', async () => {
    expect(await shape(`${A}${B}`)).toEqual([A, B]);
  });

  it('counts a byte order mark, blank lines and stray terminators to no entry', async () => {
    expect(await shape(`\uFEFF\n \r\n${A}\n\n---\n\t\n${B}\n\n`)).toEqual([
      7,
      `${A}\n`,
      7,
      `${B}\n`,
      1,
    ]);
  });

  it('makes an entry of text that begins without a timestamp', async () => {
    expect(await shape(`no time\n---\n${A}`)).toEqual(['no time\n---\n', A]);
  });

  it('tiles whatever comes, alike for chunks of any size', async () => {
    const part = fc.constantFrom('---', '\n', ' ', '\r', A, '2025-07-01', 'x', '2', '-', '\uFEFF');
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        async (parts, size) => {
          const text = parts.join('');
          const pieces = await split(text);
          let offset = 0;
          for (const piece of pieces) {
            expect(piece.offset).toBe(offset);
            offset += piece.length;
          }
          expect(offset).toBe(Buffer.byteLength(text));
          expect(await split(text, size)).toEqual(pieces);
        },
      ),
      { numRuns: 200 },
    );
  });
});

/** The published month of CarePlus: not part of this repository, tested where it lies beside it. */
const month = path.resolve(import.meta.dirname, '../../../../../shared/careplus/support-logs');

it.runIf(existsSync(month))('finds the 2,650 entries of the real month', async () => {
  let entries = 0;
  for (const name of readdirSync(month)) {
    const pieces = await split(readFileSync(path.join(month, name)));
    entries += pieces.filter(({ entry }) => entry !== null).length;
  }
  expect(entries).toBe(2_650);
});
