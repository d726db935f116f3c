import {
  appendFileSync,
  mkdtempSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ending } from '../../../log-shipper/entry-splitter.ts';
import { Tail, WINDOW_BYTES } from '../../../log-shipper/tail.ts';
import { MAX_ENTRY_BYTES, type LogRange } from '../../../schemas/log-entries.ts';
import { supportLogs } from '../../../schemas/datasets/support-logs/index.ts';
import { logEntryId } from '../../../schemas/log-identity.ts';

const ENTRY = '2025-07-01 00:21:00 [INFO] a\nIP=1\n---\n';

let folder: string;
let file: string;
const tails: Tail[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-tail-'));
  file = path.join(folder, 'a.log');
});
afterEach(async () => {
  for (const tail of tails.splice(0)) await tail.close();
  rmSync(folder, { recursive: true });
});

function tailOf(checkpoint?: ReturnType<Tail['checkpoint']>, format = supportLogs): Tail {
  const stats = statSync(file, { bigint: true });
  const facts = {
    device: String(stats.dev),
    inode: String(stats.ino),
    birthMs: Number(stats.birthtimeMs),
  };
  const tail = new Tail(
    { host: 'h', format, path: file, file: facts, ...(checkpoint && { checkpoint }) },
    0,
  );
  tails.push(tail);
  return tail;
}

const window = Buffer.alloc(WINDOW_BYTES);

/** Reads all there is; what the window held is copied. */
async function readAll(tail: Tail, ending: Ending = 'more'): Promise<LogRange[]> {
  const all: LogRange[] = [];
  for (;;) {
    tail.grown(statSync(file).size, 0);
    const { ranges, more } = await tail.read(window, ending, 0);
    all.push(...ranges.map((range) => ({ ...range, bytes: Buffer.from(range.bytes) })));
    if (!more) return all;
  }
}

describe('a tail', () => {
  it('gives each entry once, with its id and its place', async () => {
    writeFileSync(file, ENTRY);
    const tail = tailOf();
    const [first] = await readAll(tail);
    expect(first).toEqual({
      offset: 0,
      length: ENTRY.length,
      kind: 'entry',
      entry_id: logEntryId(supportLogs.framing, 'h', Buffer.from(ENTRY)),
      bytes: Buffer.from(ENTRY),
      truncated: false,
    });
    appendFileSync(file, ENTRY);
    expect(await readAll(tail)).toEqual([{ ...first, offset: ENTRY.length }]);
    expect(await readAll(tail)).toEqual([]);
  });

  it('waits for the end of an entry until nothing comes any more', async () => {
    const text = ENTRY.trimEnd();
    writeFileSync(file, text);
    const tail = tailOf();
    expect(await readAll(tail)).toEqual([]);
    expect(tail.pendingBytes).toBe(text.length);
    expect(await readAll(tail, 'idle')).toMatchObject([{ kind: 'entry', length: text.length }]);
    appendFileSync(file, `\n${ENTRY}`);
    const rest = await readAll(tail);
    expect(rest.map(({ kind, length }) => [kind, length])).toEqual([
      ['filler', 1],
      ['entry', ENTRY.length],
    ]);
  });

  it('remembers across a restart that the entry before was shipped as it stood', async () => {
    writeFileSync(file, '2025-07-01 00:21:00 [INFO] half');
    const tail = tailOf();
    await readAll(tail, 'idle');
    appendFileSync(file, ' of it\n---\n');
    const again = tailOf(tail.checkpoint(1));
    expect(await readAll(again)).toMatchObject([{ kind: 'continued', offset: 31, length: 11 }]);
    expect(again.generation).toBe(tail.generation);
  });

  it('names its format in its checkpoint, unless it is the one of before there were several', async () => {
    writeFileSync(file, ENTRY);
    const tail = tailOf();
    await readAll(tail);
    expect(tail.checkpoint(1)).not.toHaveProperty('dataset');
    const other = tailOf(undefined, { ...supportLogs, name: 'other' });
    await readAll(other);
    expect(other.checkpoint(1)).toMatchObject({ dataset: 'other' });
  });

  it('keeps its name while its file grows, and knows it by its beginning', async () => {
    writeFileSync(file, 'x');
    const tail = tailOf();
    await readAll(tail);
    const { generation, fingerprint } = tail;
    appendFileSync(file, ENTRY.repeat(100));
    await readAll(tail);
    expect(tail.generation).toBe(generation);
    expect(fingerprint.fingerprintBytes).toBe(1);
    expect(tail.fingerprint.fingerprintBytes).toBe(1024);
    writeFileSync(file, `y${ENTRY.repeat(200)}`);
    expect(await tail.read(window, 'more', 0)).toMatchObject({ shrunk: true, ranges: [] });
  });

  it('notices that its file became shorter', async () => {
    writeFileSync(file, ENTRY.repeat(3));
    const tail = tailOf();
    await readAll(tail);
    truncateSync(file, 10);
    expect(await tail.read(window, 'more', 0)).toMatchObject({ shrunk: true });
  });

  it('looks again at a file that was changed and is as long as before', async () => {
    writeFileSync(file, ENTRY);
    const tail = tailOf();
    tail.changed(1n);
    await readAll(tail);
    tail.changed(1n);
    expect(tail.unread).toBe(false);
    writeFileSync(file, ENTRY.replace('21', '22'));
    tail.changed(2n);
    expect(tail.unread).toBe(true);
    expect(await tail.read(window, 'more', 0)).toMatchObject({ shrunk: true });
  });

  it('does not take a change of just now for the last one of its tick', async () => {
    writeFileSync(file, ENTRY);
    const tail = tailOf();
    const now = BigInt(Date.now()) * 1_000_000n;
    tail.changed(now);
    await readAll(tail);
    expect(tail.unread).toBe(false);
    tail.changed(now);
    expect(tail.unread).toBe(true);
  });

  it('notices other bytes where it stands, behind a beginning that is the same', async () => {
    writeFileSync(file, ENTRY.repeat(100));
    const tail = tailOf();
    await readAll(tail);
    expect(tail.fingerprint.fingerprintBytes).toBeLessThan(tail.offset);
    writeFileSync(file, ENTRY.repeat(99) + ENTRY.replace('21', '22').repeat(3));
    expect(await tail.read(window, 'more', 0)).toMatchObject({ shrunk: true });
  });

  it('ships the beginning of a huge entry and the identity of all of it', async () => {
    const huge = `2025-07-01 00:21:00 [INFO] ${'y'.repeat(3 * WINDOW_BYTES)} \r\nz\n---\n`;
    writeFileSync(file, ENTRY + huge + ENTRY);
    const ranges = await readAll(tailOf());
    expect(ranges).toMatchObject([
      { kind: 'entry', truncated: false },
      {
        kind: 'entry',
        offset: ENTRY.length,
        length: huge.length,
        truncated: true,
        entry_id: logEntryId(supportLogs.framing, 'h', Buffer.from(huge)),
      },
      { kind: 'entry', offset: ENTRY.length + huge.length, truncated: false },
    ]);
    expect(ranges[1]?.bytes).toEqual(Buffer.from(huge.slice(0, MAX_ENTRY_BYTES)));
  });

  it('gives the second part of a cut entry the id of the first', async () => {
    writeFileSync(file, '2025-07-01 00:21:00 [INFO] head\n');
    const tail = tailOf();
    const [head] = await readAll(tail, 'cut');
    expect(head?.kind).toBe('head');
    const checkpoint = tail.checkpoint(1);
    expect(checkpoint?.openEntryId).toBe(head?.entry_id);
    rmSync(file);
    writeFileSync(file, `tail\n---\n${ENTRY}`);
    const next = tailOf();
    next.before = tail.before;
    const ranges = await readAll(next);
    expect(ranges.map(({ kind }) => kind)).toEqual(['tail', 'entry']);
    expect(ranges[0]?.entry_id).toBe(head?.entry_id);
  });
});
