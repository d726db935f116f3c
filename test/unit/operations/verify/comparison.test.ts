import { describe, expect, it } from 'vitest';
import {
  createComparison,
  type LaterChanges,
  type UnreadableImages,
} from '../../../../operations/verify/comparison.ts';
import { booksClose, emptyBooks } from '../../../../operations/verify/books.ts';
import { createDifferenceList } from '../../../../operations/verify/differences.ts';
import { readSource } from '../../../../operations/verify/source-reading.ts';
import { supportTickets } from '../../../../schemas/datasets/support-tickets/index.ts';
import {
  compare,
  first,
  goodBooks,
  goodWarehouse,
  newer,
  older,
  reasons,
  rows,
  spoiled,
  tables,
} from './compared-warehouse.ts';
import {
  allReadable,
  cleanTicket,
  idOf,
  judged,
  keyOf,
  noDetails,
  nothingLater,
  stateOf,
  ticket,
  type Part,
} from './readings.ts';

describe('equal sides', () => {
  it('differ in nothing, and every row is in one term of the books', async () => {
    const { books, differences } = await compare(goodWarehouse());
    expect(differences).toEqual([]);
    expect(books).toEqual(goodBooks);
    expect(booksClose(books)).toBe(true);
  });

  it('close the books of every day', async () => {
    const undated = ticket({ ticket_id: 'T9', created_at: '30.02.2025' });
    const part = spoiled(({ state, quarantine }) => {
      state.push(stateOf(undated));
      quarantine.push({
        imageId: idOf(undated),
        copies: 1,
        reasons: 'created_at:impossible-date',
      });
    });
    const { days } = await compare(part, { source: [...rows, undated] });
    expect(days.get('2025-07-01')).toEqual(goodBooks);
    expect(days.get('unknown')).toEqual({ ...emptyBooks, read: 1, quarantined: 1 });
  });

  it('may come in parts', async () => {
    const { state, shown, quarantine } = goodWarehouse();
    const differences = createDifferenceList();
    const comparison = createComparison({
      ...{ tables, judged },
      cleanColumns: supportTickets.cleanColumns,
      rulesVersion: supportTickets.rulesVersion,
      source: await readSource(supportTickets, rows),
      later: nothingLater,
      unreadable: allReadable,
      differences,
    });
    for (const { imageId: id } of state) {
      const here = (row: { readonly imageId: string }) => row.imageId === id;
      await comparison.add({
        details: noDetails,
        state: state.filter(here),
        shown: shown.filter(here),
        quarantine: quarantine.filter(here),
      });
    }
    expect(comparison.finish().books).toEqual(goodBooks);
    expect(differences.total).toBe(0);
  });

  it('count a text with its NUL replaced and cut within its width', async () => {
    const long = ticket({ ticket_id: 'T4', agent: `\0${'ä'.repeat(200)}` });
    const cells = [...cleanTicket];
    cells[0] = 'T4';
    // U+FFFD takes three bytes of 256, ä two.
    cells[3] = `\ufffd${'ä'.repeat(126)}`;
    const { differences } = await compare(
      {
        state: [stateOf(long)],
        shown: [{ imageId: idOf(long), copies: 1, cells }],
        quarantine: [],
        details: noDetails,
      },
      { source: [long] },
    );
    expect(differences).toEqual([]);
  });
});

describe('a planted fault is found and named', () => {
  it.each<[string, (part: Part) => void, object]>([
    [
      'a lost row',
      (part) => {
        part.state = part.state.filter(({ imageId: id }) => id !== idOf(newer));
        part.shown.pop();
      },
      { kind: 'missing-row', key: 'T2', expected: 1, found: 0 },
    ],
    [
      'a lost copy',
      ({ state, shown }) => {
        Object.assign(state[0] ?? {}, { copies: 2 });
        Object.assign(shown[0] ?? {}, { copies: 2 });
      },
      { kind: 'missing-row', key: 'T1', expected: 3, found: 2 },
    ],
    [
      'a row counted twice',
      ({ state, shown }) => {
        Object.assign(state[0] ?? {}, { copies: 4 });
        Object.assign(shown[0] ?? {}, { copies: 4 });
      },
      { kind: 'surplus-row', key: 'T1', expected: 3, found: 4 },
    ],
    [
      'a row that the source has deleted',
      ({ state, shown }) => {
        const deleted = ticket({ ticket_id: 'T8' });
        state.push(stateOf(deleted));
        const [, ...rest] = cleanTicket;
        shown.push({ imageId: idOf(deleted), copies: 1, cells: ['T8', ...rest] });
      },
      { kind: 'surplus-row', key: 'T8', expected: 0, found: 1 },
    ],
    [
      'more deletes than inserts',
      ({ state }) => state.push(stateOf(ticket({ ticket_id: 'T7' }), -1)),
      {
        kind: 'negative-copies',
        key: `image ${idOf(ticket({ ticket_id: 'T7' }))}`,
        expected: 0,
        found: -1,
      },
    ],
    [
      'a state row that is there twice',
      ({ state }) => state.push(stateOf(older)),
      { kind: 'state-row-twice', key: 'T2', expected: 1, found: 2 },
    ],
    [
      'a changed cell',
      ({ shown }) => {
        const cells = [...cleanTicket];
        cells[3] = 'Eve';
        Object.assign(shown[0] ?? {}, { cells });
      },
      { kind: 'changed-cell', key: 'T1', expected: { agent: 'Ann' }, found: { agent: 'Eve' } },
    ],
    [
      'a number that came as a text',
      ({ shown }) => {
        const cells: (string | number | null)[] = [...cleanTicket];
        cells[5] = '3';
        Object.assign(shown[0] ?? {}, { cells });
      },
      {
        kind: 'changed-cell',
        key: 'T1',
        expected: { num_interactions: 3 },
        found: { num_interactions: '3' },
      },
    ],
    [
      'a ticket that is not shown',
      ({ shown }) => shown.shift(),
      { kind: 'not-shown', key: 'T1', expected: 'shown', found: null },
    ],
    [
      'a superseded row that is shown',
      ({ shown }) => shown.push({ imageId: idOf(older), copies: 1, cells: [] }),
      { kind: 'shown-wrongly', key: 'T2', expected: null, found: 'shown' },
    ],
    [
      'a ticket that is shown twice',
      ({ shown }) => shown.push(...shown.slice(0, 1)),
      { kind: 'shown-twice', key: 'T1', expected: 1, found: 2 },
    ],
    [
      'a faulty row that is not in quarantine',
      ({ quarantine }) => quarantine.pop(),
      { kind: 'not-in-quarantine', key: 'T3', expected: reasons, found: null },
    ],
    [
      'a good row in quarantine',
      ({ quarantine }) => quarantine.push({ imageId: idOf(first), copies: 3, reasons: 'x' }),
      { kind: 'quarantined-wrongly', key: 'T1', expected: null, found: 'x' },
    ],
    [
      'a row that is in quarantine twice',
      ({ quarantine }) => quarantine.push(...quarantine.slice(0, 1)),
      { kind: 'quarantined-twice', key: 'T3', expected: 1, found: 2 },
    ],
    [
      'other reasons',
      ({ quarantine }) => Object.assign(quarantine[0] ?? {}, { reasons: 'status:missing' }),
      { kind: 'changed-reasons', key: 'T3', expected: reasons, found: 'status:missing' },
    ],
    [
      'a view that tells other copies than the state',
      ({ quarantine }) => Object.assign(quarantine[0] ?? {}, { copies: 1 }),
      { kind: 'changed-copies', key: 'T3', expected: 2, found: 1 },
    ],
    [
      'a verdict of older rules',
      ({ state }) => Object.assign(state[2] ?? {}, { rulesVersion: 0 }),
      { kind: 'rules-version', key: 'T2', expected: supportTickets.rulesVersion, found: 0 },
    ],
    [
      'a row under another key',
      ({ state }) => Object.assign(state[2] ?? {}, { keyHash: keyOf(first) }),
      { kind: 'wrong-key', key: 'T2', expected: keyOf(newer), found: keyOf(first) },
    ],
  ])('%s', async (_, spoil, difference) => {
    const { books, differences } = await compare(spoiled(spoil));
    expect(differences).toContainEqual(difference);
    expect(books.unexplained).toBeGreaterThan(0);
    expect(booksClose(books)).toBe(false);
  });

  it('counts what is missing in place of the term in which it should be', async () => {
    const { books } = await compare(spoiled(({ shown }) => shown.shift()));
    expect(books).toEqual({ ...goodBooks, shown: 1, unexplained: 1 });
  });
});

describe('changes that came after the source was read', () => {
  const later: LaterChanges = {
    copies: new Map([
      [idOf(newer), -1],
      [idOf(ticket({ ticket_id: 'T2', agent: 'Cy' })), 1],
    ]),
    keys: new Set([keyOf(newer)]),
    barrier: false,
  };
  const changed = spoiled((part) => {
    part.state[2] = stateOf(ticket({ ticket_id: 'T2', agent: 'Cy' }));
    part.shown.pop();
    part.shown.push({ imageId: part.state[2].imageId, copies: 1, cells: [] });
  });

  it('are taken back, and the rows of their keys are in flight', async () => {
    const { books, differences } = await compare(changed, { later });
    expect(differences).toEqual([]);
    expect(books).toEqual({ ...goodBooks, shown: 1, superseded: 0, in_flight: 2 });
    expect(booksClose(books)).toBe(true);
  });

  it('do not hide a row that was lost before', async () => {
    const part = spoiled(() => undefined);
    part.state = changed.state.filter(({ imageId: id }) => id !== idOf(older));
    part.shown = changed.shown;
    const { differences } = await compare(part, { later });
    expect(differences).toEqual([{ kind: 'missing-row', key: 'T2', expected: 1, found: 0 }]);
  });

  it('leave nothing to compare after a barrier', async () => {
    const barrier: LaterChanges = { ...nothingLater, barrier: true };
    const nothing = { state: [], shown: [], quarantine: [], details: noDetails };
    const { books, differences } = await compare(nothing, { later: barrier });
    expect(differences).toEqual([]);
    expect(books).toEqual({ ...emptyBooks, read: 7, in_flight: 7 });
  });
});

describe('an unreadable record', () => {
  const unreadable: UnreadableImages = { keys: new Set([keyOf(newer)]), keyless: false };

  it('stands for the rows of its key that are missing, and hides the others', async () => {
    const part = spoiled(({ state, shown }) => {
      state.splice(2, 1);
      shown.pop();
    });
    const { books, differences } = await compare(part, { unreadable });
    expect(differences).toEqual([]);
    expect(books).toEqual({ ...goodBooks, shown: 1, dead_lettered: 1 });
    expect(booksClose(books)).toBe(true);
  });

  it('may have been the insert of what was deleted since', async () => {
    const deleted = ticket({ ticket_id: 'T2', agent: 'Di' });
    const part = spoiled(({ state, shown }) => {
      state.push(stateOf(deleted, -1));
      shown.pop();
    });
    const { books, differences } = await compare(part, { unreadable });
    expect(differences).toEqual([]);
    expect(books).toEqual({ ...goodBooks, shown: 1, superseded: 2 });
  });

  it('does not excuse another key', async () => {
    const part = spoiled(({ state, shown }) => {
      state.shift();
      shown.shift();
      shown.pop();
    });
    const { differences } = await compare(part, { unreadable });
    expect(differences).toEqual([{ kind: 'missing-row', key: 'T1', expected: 3, found: 0 }]);
  });

  it('without a key stands for rows without a key only', async () => {
    const keyless = ticket({ ticket_id: null });
    const nothing = { state: [], shown: [], quarantine: [], details: noDetails };
    const { books, differences } = await compare(nothing, {
      source: [keyless, older],
      unreadable: { keys: new Set(), keyless: true },
    });
    expect(differences).toEqual([{ kind: 'missing-row', key: 'T2', expected: 1, found: 0 }]);
    expect(books).toEqual({ ...emptyBooks, read: 2, dead_lettered: 1, unexplained: 1 });
  });
});
