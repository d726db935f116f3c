import { describe, expect, it } from 'vitest';

interface View {
  readonly connection: string;
  readonly doc: { readonly state: string; readonly problem?: object | null } | null;
  readonly refused: string | null;
}

interface PageState {
  readonly stateOf: (view: View, ageMs: number | null) => { words: string; kind: string };
  readonly problemOf: (view: View, time: string | null) => { title: string; text: string } | null;
}

const { stateOf, problemOf } = (await import(
  new URL('../../../../../../dashboards/web/page/live/page-state.js', import.meta.url).href
)) as PageState;

const live: View = { connection: 'open', doc: { state: 'live', problem: null }, refused: null };

describe('state of a page', () => {
  it.each([
    ['Live', 'good', live, 1_000],
    ['Live', 'good', live, null],
    ['Behind', 'warn', live, 300_001],
    ['Reading', 'waiting', { ...live, doc: { state: 'loading' } }, null],
    ['Connecting', 'waiting', { ...live, connection: 'connecting', doc: null }, null],
    ['Stale', 'bad', { ...live, doc: { state: 'stale' } }, 1_000],
    ['No figures', 'bad', { ...live, doc: { state: 'unavailable' } }, null],
    ['Reconnecting', 'bad', { ...live, connection: 'lost' }, 1_000],
    ['No figures', 'bad', { ...live, doc: null, refused: 'full' }, null],
  ] as const)('is %s', (words, kind, view, ageMs) => {
    expect(stateOf(view, ageMs)).toEqual({ words, kind });
  });

  it('says nothing while all is well, and else what is wrong and how old the figures are', () => {
    expect(problemOf(live, '10:00')).toBeNull();
    expect(problemOf({ ...live, connection: 'lost' }, '10:00')?.text).toContain('up to 10:00');
    const problem = { code: 'WH_5003', cause: 'It is away.', remedy: 'Start it.' };
    const stale = problemOf({ ...live, doc: { state: 'stale', problem } }, null);
    expect(stale?.text).toContain('WH_5003: It is away. Start it.');
    expect(stale?.text).not.toContain('up to');
    for (const refused of ['none', 'full', 'something new']) {
      expect(problemOf({ ...live, refused }, null)?.title).toMatch(/\w/);
    }
  });
});
