import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateLogs, type LogBooks } from '../../../../../infra/local/demo-data/logs.ts';
import { generateTickets } from '../../../../../infra/local/demo-data/tickets.ts';

const { rows: tickets } = generateTickets({ seed: 5, firstDay: '2025-07-01' });
const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

/** The entries of a file, each with its closing line. */
const entriesOf = (text: string) => text.split(/(?<=\n---)\n/);

describe('generateLogs', () => {
  it('gives the same bytes for the same seed, others for another', () => {
    expect(generateLogs({ seed: 7, tickets })).toEqual(generateLogs({ seed: 7, tickets }));
    expect(generateLogs({ seed: 7, tickets }).files).not.toEqual(
      generateLogs({ seed: 8, tickets }).files,
    );
  });

  it('keeps books that close and that counting the files comes to as well', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { files, books } = generateLogs({ seed, tickets });
        const counted = { read: 0, shown: 0, repeats: 0, quarantined: 0, quarantinedRepeats: 0 };
        const seen = new Set<string>();
        for (const entry of files.flatMap(({ text }) => entriesOf(text))) {
          const bad = entry.includes('ResponseTime=-');
          const repeat = seen.has(entry);
          seen.add(entry);
          counted.read += 1;
          if (bad) counted[repeat ? 'quarantinedRepeats' : 'quarantined'] += 1;
          else counted[repeat ? 'repeats' : 'shown'] += 1;
        }
        expect(counted).toEqual(books);
      }),
      { numRuns: 10 },
    );
  });

  it('keeps the same books by day and level', () => {
    const month = generateLogs({ seed: 3, tickets });
    const days = Object.values(month.booksByDay);
    for (const field of Object.keys(month.books) as (keyof LogBooks)[]) {
      expect(days.reduce((total, day) => total + day[field], 0)).toBe(month.books[field]);
    }
    const levels = Object.values(month.shownByLevel).reduce((a, b) => a + b, 0);
    expect(levels).toBe(month.books.shown);
    for (const { name, text } of month.files) {
      const day = /^support_logs_(\d{4}-\d{2}-\d{2})\.log$/.exec(name)?.[1] ?? '';
      expect(entriesOf(text)).toHaveLength(month.booksByDay[day]?.read ?? -1);
    }
  });

  it('has CarePlus’ shape: entries of the tickets, seven lines, no line end behind the last', () => {
    const { files } = generateLogs({ seed: 11, tickets });
    const ids = new Set(tickets.map(({ ticket_id: id }) => id));
    expect(files.length).toBeGreaterThanOrEqual(31);
    for (const { name, text } of files) {
      expect(text.endsWith('\n---')).toBe(true);
      for (const entry of entriesOf(text)) {
        const lines = entry.split('\n');
        expect(lines).toHaveLength(7);
        expect(lines[0]?.slice(0, 10)).toBe(name.slice('support_logs_'.length, -'.log'.length));
        expect(ids).toContain(/TicketID=(\S+)/.exec(entry)?.[1]);
      }
    }
  });

  it('misspells levels, and repeats entries also at a distance', () => {
    const { files } = generateLogs({ seed: 13, tickets });
    const all = files.flatMap(({ text }) => entriesOf(text));
    const levels = new Set(all.map((entry) => /\[(\w+)\]/.exec(entry)?.[1]));
    expect([...levels].sort()).toEqual(
      ['DEBG', 'DEBUG', 'EROR', 'ERROR', 'INF0', 'INFO', 'WARNING', 'warnING'].sort(),
    );
    const distances = all.map((entry, index) => all.indexOf(entry, index + 1) - index);
    expect(distances.some((distance) => distance === 1)).toBe(true);
    expect(distances.some((distance) => distance > 1)).toBe(true);
  });
});
