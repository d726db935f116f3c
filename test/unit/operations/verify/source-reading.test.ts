import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSource } from '../../../../operations/verify/source-reading.ts';
import { supportTickets } from '../../../../schemas/datasets/support-tickets/index.ts';
import { idOf, ticket } from './readings.ts';

async function latestOf(rows: ReturnType<typeof ticket>[]) {
  const { images } = await readSource(supportTickets, rows);
  return rows.filter((row) => images.get(idOf(row))?.latest === true);
}

describe('which row counts for its ticket', () => {
  it('is the one with the last activity, accepted or not', async () => {
    const open = ticket({ created_at: '2025-07-03 00:00:00' });
    const faulty = ticket({ resolved_at: '2025-07-04 00:00:00', status: 'Gone' });
    expect(await latestOf([ticket(), open])).toEqual([open]);
    expect(await latestOf([ticket(), open, faulty])).toEqual([faulty]);
  });

  it('is the greater image id where the activity is the same, in any order', async () => {
    const rows = ['Ann', 'Bob', 'Cy', 'Di'].map((agent) => ticket({ agent }));
    const [greatest] = [...rows].sort((a, b) => (idOf(a) > idOf(b) ? -1 : 1));
    const anyOrder = fc.shuffledSubarray(rows, { minLength: rows.length });
    await fc.assert(
      fc.asyncProperty(anyOrder, async (shuffled) => {
        expect(await latestOf(shuffled)).toEqual([greatest]);
      }),
    );
  });

  it('is decided within the exact key', async () => {
    const rows = ['T1', 't1', 'T1 '].map((id) => ticket({ ticket_id: id }));
    expect(await latestOf(rows)).toEqual(rows);
  });

  it('is every row that has no key', async () => {
    const rows = [ticket({ ticket_id: null }), ticket({ ticket_id: '', agent: 'Bob' })];
    expect(await latestOf(rows)).toEqual(rows);
  });
});

it('counts rows and copies', async () => {
  const { rows, images } = await readSource(supportTickets, [
    ticket(),
    ticket(),
    ticket({ agent: null }),
  ]);
  expect(rows).toBe(3);
  expect([...images.values()].map(({ copies }) => copies)).toEqual([2, 1]);
});
