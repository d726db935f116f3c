import { expect, it } from 'vitest';
import { createDifferenceList } from '../../../../operations/verify/differences.ts';
import { checkHistory, type HistoryFacts } from '../../../../operations/verify/history.ts';

const whole: HistoryFacts = {
  shownFrontiers: 1,
  frontier: 20,
  frontierRow: { ready: 1, live: 1, committed_ms: 7 },
  expectedRow: { ready: 1, live: 1, committed_ms: 7 },
  last: 20,
  transactionEnds: true,
  missingNumbers: [],
  doubledNumbers: [],
  drift: [],
};

function check(facts: Partial<HistoryFacts>) {
  const differences = createDifferenceList();
  const wrong = checkHistory({ ...whole, ...facts }, differences);
  return { wrong, found: differences.first };
}

it('finds nothing in a whole history', () => {
  expect(check({})).toEqual({ wrong: 0, found: [] });
});

it.each<[string, Partial<HistoryFacts>, number, object]>([
  [
    'a frontier that tells another time',
    { frontierRow: { ready: 1, live: 1, committed_ms: 8 } },
    1,
    { kind: 'wrong-frontier', key: 'committed_ms', expected: 7, found: 8 },
  ],
  [
    'half a transaction',
    { transactionEnds: false },
    1,
    { kind: 'half-transaction', key: 'seq 20', expected: 1, found: 0 },
  ],
  [
    'a frontier without its image',
    { transactionEnds: null },
    1,
    { kind: 'half-transaction', key: 'seq 20', expected: 1, found: null },
  ],
  [
    'a hole',
    { missingNumbers: [[7, 9]] },
    3,
    { kind: 'missing-number', key: 'seq 7–9', expected: 3, found: 0 },
  ],
  [
    'a number that is there twice',
    { doubledNumbers: [4] },
    1,
    { kind: 'number-twice', key: 'seq 4', expected: 1, found: 2 },
  ],
  [
    'images above the frontier',
    { last: 22 },
    2,
    { kind: 'wrong-frontier', key: 'history', expected: 20, found: 22 },
  ],
  [
    'two frontiers',
    { shownFrontiers: 2 },
    1,
    { kind: 'wrong-frontier', key: 'frontier', expected: 1, found: 2 },
  ],
  [
    'a state that is not the sum of the history',
    { drift: [{ imageId: 'ab', history: 2, state: 1 }] },
    1,
    { kind: 'history-drift', key: 'image ab', expected: 2, found: 1 },
  ],
])('finds and names %s', (_, facts, size, difference) => {
  expect(check(facts)).toEqual({ wrong: size, found: [difference] });
});

it('keeps the first differences and counts all', () => {
  const differences = createDifferenceList(2);
  const drift = ['a', 'b', 'c'].map((id) => ({ imageId: id, history: 1, state: 0 }));
  checkHistory({ ...whole, drift }, differences);
  expect(differences.first.map(({ key }) => key)).toEqual(['image a', 'image b']);
  expect(differences.total).toBe(3);
});
