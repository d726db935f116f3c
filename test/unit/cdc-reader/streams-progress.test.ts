import { describe, expect, it } from 'vitest';
import { StreamsProgress } from '../../../cdc-reader/streams-progress.ts';
import { createProgress } from '../../../runtime/daemon/progress.ts';

describe('StreamsProgress', () => {
  it('moves only while every stream does, and is ready when all are', () => {
    let now = 0;
    const progress = createProgress(() => now);
    const together = new StreamsProgress(progress, 2);
    now = 1_000;
    together.beat(0);
    together.beat(0);
    expect(progress.ageMs).toBe(1_000);
    together.beat(1);
    expect(progress.ageMs).toBe(0);
    together.setReady(0, true);
    expect(progress.ready).toBe(false);
    together.setReady(1, true);
    expect(progress.ready).toBe(true);
    together.setReady(0, false);
    expect(progress.ready).toBe(false);
  });
});
