import { describe, expect, it } from 'vitest';
import { checksumOf } from '../../../../operations/verify/judged-columns.ts';
import type { RawImage } from '../../../../schemas/datasets/dataset.ts';
import { supportTickets } from '../../../../schemas/datasets/support-tickets/index.ts';
import { compare, faulty, first, newer, older, spoiled } from './compared-warehouse.ts';
import { idOf, judged, noDetails, piecesOf, stateOf } from './readings.ts';

describe('a state row that is not what the rules make of the source’s', () => {
  const withPieces = (raw: RawImage, change: (pieces: (string | null)[]) => void) =>
    spoiled((part) => {
      const pieces = piecesOf(raw);
      change(pieces);
      const id = idOf(raw);
      part.state = part.state.map((row) =>
        row.imageId === id ? { ...row, checksum: checksumOf(judged.columns, pieces) } : row,
      );
      part.details = async (ids) => new Map(ids.map((each) => [each, pieces]));
    });
  const at = (name: string) => judged.columns.findIndex((column) => column.name === name);

  it.each([
    ['the day of the books', newer, 'book_day', '2025-07-01', '1999-01-01'],
    ['the order among images of a key', newer, 'rank', String(supportTickets.rank(newer)), '1'],
    ['a cell that no view shows', older, 'agent', 'Bob', 'Eve'],
    ['a cell that should be empty', faulty, 'agent', null, 'Eve'],
    ['the note of what was cut', first, 'cut_values', null, 'agent=300'],
    ['reasons of an accepted row', older, 'reasons', null, 'x'],
  ])('is named by its column: %s', async (_, raw, name, expected, found) => {
    const part = withPieces(raw, (pieces) => (pieces[at(name)] = found));
    const { placed, books } = await compare(part);
    const isWide = judged.columns[at(name)]?.form === 'wide';
    expect(placed).toEqual([
      {
        ...{ kind: 'changed-column', key: raw['ticket_id'], table: 'state', event: 's:1:1' },
        ...{ expected: { [name]: expected }, found: { [name]: isWide ? `MD5 ${found}` : found } },
      },
    ]);
    expect(books.unexplained).toBeGreaterThan(0);
  });

  it('is named by the hash of a long text', async () => {
    const [whole, other] = [piecesOf(faulty)[at('original')], 'f'.repeat(32)];
    const part = withPieces(faulty, (pieces) => (pieces[at('original')] = other));
    const { differences } = await compare(part);
    expect(differences).toEqual([
      {
        ...{ kind: 'changed-column', key: 'T3' },
        ...{ expected: { original: `MD5 ${whole}` }, found: { original: `MD5 ${other}` } },
      },
    ]);
  });

  it('is told also where it cannot be read anew, and not under older rules', async () => {
    const part = withPieces(older, (pieces) => (pieces[at('rank')] = '1'));
    part.details = noDetails;
    expect((await compare(part)).differences).toEqual([
      { kind: 'changed-column', key: 'T2', expected: null, found: null },
    ]);
    const { differences } = await compare(part, { rulesVersion: supportTickets.rulesVersion + 1 });
    expect(new Set(differences.map(({ kind }) => kind))).toEqual(new Set(['rules-version']));
  });

  it('is one that counts for its key though another does', async () => {
    const part = spoiled(({ state }) => {
      state.splice(1, 1, { ...stateOf(older), isLatest: true });
    });
    expect((await compare(part)).differences).toEqual([
      {
        ...{ kind: 'changed-column', key: 'T2' },
        ...{ expected: { is_latest: 0 }, found: { is_latest: 1 } },
      },
    ]);
  });
});
