import { describe, expect, it } from 'vitest';
import { quarantineReasons } from '../../../../../schemas/quarantine-reasons.ts';
import { explainReasons } from '../../../../../dashboards/web/lists/reason-meaning.ts';

describe('reasons in words', () => {
  it('explains each reason of a row', () => {
    expect(explainReasons('priority:unknown-value,status:missing')).toEqual([
      {
        field: 'priority',
        reason: 'unknown-value',
        sentence: quarantineReasons['unknown-value'],
      },
      { field: 'status', reason: 'missing', sentence: quarantineReasons.missing },
    ]);
  });

  it('knows reasons about the whole row, and says so of those that it does not know', () => {
    expect(explainReasons('unreadable')).toEqual([
      { field: null, reason: 'unreadable', sentence: quarantineReasons.unreadable },
    ]);
    expect(explainReasons('agent:toString')[0]?.sentence).toMatch(/does not know/);
    expect(explainReasons('')).toEqual([]);
  });
});
