import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isReadable,
  lastRecord,
  transitions,
  type GenerationEvent,
  type GenerationState,
} from '../../../log-shipper/generation-transitions.ts';

const states = Object.keys(transitions) as GenerationState[];
const events = Object.keys(transitions.open) as GenerationEvent[];
const after = (...seen: GenerationEvent[]) =>
  seen.reduce<GenerationState>((state, event) => transitions[state][event], 'open');

describe('the states of a file generation', () => {
  it('follow renaming, truncation and removal', () => {
    expect(after('present')).toBe('open');
    expect(after('moved')).toBe('rotated');
    expect(after('moved', 'present')).toBe('rotated');
    expect(after('moved', 'unlinked')).toBe('gone');
    expect(after('shrunk')).toBe('truncated');
  });

  it('never read a generation again whose bytes were overwritten', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events)), (seen) => {
        const history = seen.map((_, index) => after(...seen.slice(0, index + 1)));
        const end = history.indexOf('truncated');
        if (end >= 0) expect(new Set(history.slice(end))).toEqual(new Set(['truncated']));
      }),
    );
    expect(states.filter((state) => !isReadable[state])).toEqual(['truncated']);
  });

  it('leave a file that lost its name gone, whatever takes the name', () => {
    for (const event of ['present', 'moved', 'unlinked'] as const) {
      expect(transitions.gone[event]).toBe('gone');
    }
  });

  it('remove a checkpoint only when all that was seen is shipped', () => {
    expect(lastRecord(10, 10)).toBe('tombstone');
    expect(lastRecord(9, 10)).toBe('evidence');
  });
});
