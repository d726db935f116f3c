import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateLogs } from '../../../../infra/local/demo-data/logs.ts';
import { generateTickets } from '../../../../infra/local/demo-data/tickets.ts';
import { booksClose } from '../../../../operations/verify/books.ts';
import type { DifferenceKind } from '../../../../operations/verify/differences.ts';
import type { LogCoverage } from '../../../../operations/verify/log-coverage.ts';
import { holdLogFiles } from '../../../../operations/verify/held-log-files.ts';
import { listLogFiles, type LogFile } from '../../../../operations/verify/log-files.ts';
import { verifyLogs, type LogResult } from '../../../../operations/verify/log-verification.ts';
import { supportLogs } from '../../../../schemas/datasets/support-logs/index.ts';
import { checksumOfEntry, generationOf, HOST, loadLogs, type LoadedLogs } from './loaded-logs.ts';

const { rows: tickets } = generateTickets({ seed: 1, firstDay: '2025-07-01', days: 2 });
const month = generateLogs({ seed: 2, tickets });

let folder = '';
let files: LogFile[] = [];
let loaded: LoadedLogs;
const list = () => listLogFiles({ patterns: [path.join(folder, '*.log*')] });

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-verify-logs-'));
  for (const { name, text } of month.files) writeFileSync(path.join(folder, name), text);
  files = await list();
  loaded = loadLogs(files);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Such a file is shipped in another format. */
const OTHER = '.log.1';

function verify(
  late?: LogCoverage['late'],
  meanwhile: () => void = () => undefined,
): Promise<LogResult> {
  return verifyLogs(
    { dataset: supportLogs, host: HOST },
    {
      holdFiles: () => holdLogFiles({ patterns: [path.join(folder, '*.log*')] }),
      waitUntilCovered: async (listed) => ({
        covered: late === undefined,
        late,
        generations: new Map(
          listed
            .filter((file) => !file.path.endsWith(OTHER))
            .map((file) => [file.path, generationOf(file.path)]),
        ),
      }),
      readWarehouse: async () => {
        meanwhile();
        return loaded.asWarehouse();
      },
      note: () => undefined,
    },
  );
}

const kinds = ({ differences }: LogResult) => [
  ...new Set(differences.first.map(({ kind }) => kind)),
];

const { read, shown, repeats, quarantined, quarantinedRepeats } = month.books;
const expectedBooks = {
  ...{ read, shown, repeats, quarantined, quarantined_repeats: quarantinedRepeats },
  ...{ superseded: 0, dead_lettered: 0, in_flight: 0, unexplained: 0 },
};

describe('the books of log files', () => {
  it('close with what the generator counted, also by day', async () => {
    const result = await verify();
    expect(result.differences.first).toEqual([]);
    expect(result.books).toEqual(expectedBooks);
    expect(result.files).toBe(month.files.length);
    for (const [day, books] of Object.entries(month.booksByDay)) {
      expect(result.days.get(day)).toMatchObject({ read: books.read, shown: books.shown });
    }
  });

  it('count a file that is gone from what arrived, and say so', async () => {
    const [gone] = files;
    const arrived = loaded.arrivals.get(generationOf(gone?.path ?? '')) ?? [];
    for (const { entryId, kind } of arrived) {
      loaded.others.push({ generation: '1700000000000-gone', kind, entryId, copies: 1 });
    }
    unlinkSync(gone?.path ?? '');
    const result = await verify();
    expect(result.differences.first).toEqual([]);
    expect(result.books).toEqual(expectedBooks);
    expect(result).toMatchObject({ goneFiles: 1, goneEntries: arrived.length });
  });

  it('are those of the listed files, though these are rotated and removed meanwhile', async () => {
    const [first, second] = files;
    if (!first || !second) throw new Error('too few files');
    const result = await verify(undefined, () => {
      renameSync(first.path, `${first.path}.1`);
      writeFileSync(first.path, 'the next file\n');
      unlinkSync(second.path);
    });
    expect(result.differences.first).toEqual([]);
    expect(result.books).toEqual(expectedBooks);
  });

  it('are made anew when a file is overwritten meanwhile', async () => {
    const [first] = files;
    if (!first) throw new Error('no file');
    const text = readFileSync(first.path);
    let times = 0;
    const result = await verify(undefined, () => {
      times += 1;
      // As long as before, then as it was.
      writeFileSync(first.path, times === 1 ? Buffer.alloc(text.length, 'x') : text);
    });
    expect(times).toBe(3);
    expect(result.differences.first).toEqual([]);
    expect(result.books).toEqual(expectedBooks);
  });

  it('leave out what is written after the files were listed', async () => {
    const id = 'f'.repeat(32);
    const state = [...loaded.states.values()].find(({ accepted }) => accepted);
    if (!state) throw new Error('nothing is accepted');
    const row = loaded.shown.find(({ imageId }) => imageId === state.entryId);
    loaded.states.set(id, { ...state, entryId: id, copies: 1 });
    loaded.shown.push({ imageId: id, cells: row?.cells ?? [] });
    const generation = `${Date.now() + 60_000}-new`;
    loaded.others.push({ generation, kind: 'E', entryId: id, copies: 1 });
    // A copy of an entry that the listed files hold as well.
    loaded.others.push({ generation, kind: 'E', entryId: state.entryId, copies: 1 });
    state.copies += 1;
    const result = await verify();
    expect(result.differences.first).toEqual([]);
    expect(result.books).toEqual(expectedBooks);
  });

  it('count the entries of an unreadable block as dead-lettered', async () => {
    const [ranges = []] = loaded.arrivals.values();
    const [first, second] = ranges;
    if (!first || !second) throw new Error('too few ranges');
    for (const { entryId } of [first, second]) forget(entryId);
    ranges.splice(0, 2, { pos: 0, len: first.len + second.len, kind: 'X', entryId: '' });
    const result = await verify();
    expect(result.differences.first).toEqual([]);
    expect(result.books).toMatchObject({ read: month.books.read, dead_lettered: 2 });
    expect(booksClose(result.books)).toBe(true);
  });

  it('accept that a file rested in the middle of an entry', async () => {
    const [file] = files;
    if (!file) throw new Error('no file');
    loaded = loadLogs(files, new Map([[file.path, 150]]));
    const result = await verify();
    expect(result.differences.first).toEqual([]);
    expect(result.cutEntries).toBe(1);
    expect(booksClose(result.books)).toBe(true);
  });

  it('accept that a file goes on with what the one before it rested in', async () => {
    writeFileSync(path.join(folder, 'next.log'), 'the rest of it\n---\nand more\n---\n');
    files = await list();
    loaded = loadLogs(files);
    const continues = (index: number, text: string) => {
      const id = loaded.arrivals.get(generationOf('next.log'))?.[index]?.entryId ?? '';
      const set = loaded.quarantine.find(({ imageId }) => imageId === id);
      const state = loaded.states.get(id);
      if (!set || !state) throw new Error('it is not set aside');
      for (const each of [set, state]) each.reasons = 'entry:unparsable,entry:continued';
      state.checksum = checksumOfEntry(Buffer.from(text), id, 'continued');
    };
    continues(0, 'the rest of it\n---\n');
    const result = await verify();
    expect(result.differences.first).toEqual([]);
    expect(booksClose(result.books)).toBe(true);
    continues(1, 'and more\n---\n');
    expect(kinds(await verify())).toEqual(['changed-reasons']);
  });

  it('leave out a file whose reading began in another format', async () => {
    writeFileSync(path.join(folder, `access${OTHER}`), 'GET /\n');
    const result = await verify();
    expect(result.differences.first).toEqual([]);
    expect(result.books).toEqual(expectedBooks);
    expect(result.files).toBe(month.files.length);
    const late = { hop: 'log-shipper', wanted: '9 bytes', found: '3 bytes' } as const;
    expect(kinds(await verify(late))).toContain('missing-range');
  });

  it('leave out files that an earlier set of the configuration names', async () => {
    const names = files.map(({ path: name }) => name);
    const listed = await listLogFiles({
      patterns: [path.join(folder, '*.log*')],
      elsewhere: names.slice(0, 1),
    });
    expect(listed.map(({ path: name }) => name)).toEqual(names.slice(1));
  });

  it('say which hop lags when the time is over', async () => {
    const result = await verify({ hop: 'log-shipper', wanted: '9 bytes', found: '3 bytes' });
    expect(result.differences.first[0]).toEqual({
      kind: 'behind',
      key: 'log-shipper',
      expected: '9 bytes',
      found: '3 bytes',
    });
  });
});

/** Takes one copy of an entry away, everywhere. */
function forget(entryId: string): void {
  const state = loaded.states.get(entryId);
  if (!state) return;
  state.copies -= 1;
  const set = loaded.quarantine.find(({ imageId }) => imageId === entryId);
  if (set) set.copies -= 1;
  if (state.copies > 0) return;
  loaded.states.delete(entryId);
  for (const rows of [loaded.shown, loaded.quarantine]) {
    const at = rows.findIndex(({ imageId }) => imageId === entryId);
    if (at >= 0) rows.splice(at, 1);
  }
}

function firstOf<T>(values: Iterable<T>): T {
  for (const value of values) return value;
  throw new Error('nothing there');
}
const ranges = () => firstOf(loaded.arrivals.values());
const accepted = () => firstOf([...loaded.states.values()].filter((state) => state.accepted));

describe('a planted fault is found and named', () => {
  const faults: Readonly<Partial<Record<DifferenceKind, () => unknown>>> = {
    'missing-row': () => forget(ranges()[1]?.entryId ?? ''),
    'missing-range': () => ranges().splice(1, 1),
    'range-twice': () => ranges().splice(1, 0, { ...firstOf(ranges()) }),
    'wrong-entry-id': () => (firstOf(ranges()).entryId = '0'.repeat(32)),
    'wrong-range': merged,
    'surplus-row': () => (accepted().copies += 1),
    'changed-column': () => (accepted().checksum = 'another'),
    'wrong-day': () => (accepted().day = '1999-01-01'),
    'rules-version': () => (accepted().rulesVersion -= 1),
    'not-shown': () => loaded.shown.pop(),
    'shown-wrongly': () => loaded.shown.push({ ...firstOf(loaded.shown), imageId: 'e' }),
    'shown-twice': () => loaded.shown.push({ ...firstOf(loaded.shown) }),
    'changed-cell': () => (firstOf(loaded.shown).cells[1] = 'TRACE'),
    'not-in-quarantine': () => loaded.quarantine.pop(),
    'changed-reasons': () => (firstOf(loaded.quarantine).reasons = 'other'),
    'changed-copies': () => (firstOf(loaded.quarantine).copies += 1),
  };

  it.each(Object.entries(faults))('%s', async (kind, plant) => {
    plant();
    const result = await verify();
    expect(kinds(result)).toContain(kind);
    expect(result.books.unexplained).toBeGreaterThan(0);
    expect(booksClose(result.books)).toBe(false);
  });

  it('bytes that were written and never arrived', async () => {
    appendFileSync(files[0]?.path ?? '', '\n2025-07-01 23:59:00 [INFO] late -\n---\n');
    const result = await verify();
    expect(kinds(result)).toEqual(expect.arrayContaining(['missing-range', 'missing-row']));
  });
});

/** Two entries taken for one. */
function merged(): void {
  const [first, second] = ranges();
  if (!first || !second) throw new Error('too few ranges');
  first.len += second.len;
  ranges().splice(1, 1);
}
