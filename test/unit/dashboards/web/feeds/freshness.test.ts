import { describe, expect, it } from 'vitest';
import type { ReaderCheckpoint } from '../../../../../schemas/checkpoint.ts';
import {
  completeUpTo,
  createFreshness,
  parseCheckpoint,
  type Frontier,
} from '../../../../../dashboards/web/feeds/freshness.ts';

const frontier: Frontier = { source: 's', epoch: 7, seq: 100, committedMs: 50_000 };
const checkpoint: ReaderCheckpoint = {
  version: 1,
  source: 's',
  phase: 'streaming',
  gtidSet: '0-1-5',
  open: null,
  epoch: 7,
  nextSeq: 101,
  configHash: 'c',
  shapeHash: null,
  sourceTimeMs: 50_000,
  writtenAtMs: 90_000,
};

describe('complete up to', () => {
  it('is the heartbeat when the reader has numbered nothing beyond the frontier', () => {
    expect(completeUpTo(frontier, checkpoint)).toBe(90_000);
  });

  it.each([
    ['no checkpoint is known', undefined],
    ['the reader is ahead', { ...checkpoint, nextSeq: 102 }],
    ['the checkpoint is older than the frontier', { ...checkpoint, nextSeq: 100 }],
    ['the reader is in another epoch', { ...checkpoint, epoch: 8 }],
  ])('is the commit time at the frontier when %s', (_why, place) => {
    expect(completeUpTo(frontier, place)).toBe(50_000);
  });

  it('is unknown when the frontier has no commit time', () => {
    expect(completeUpTo({ ...frontier, committedMs: 0 }, undefined)).toBeNull();
  });
});

describe('freshness', () => {
  it('moves with the heartbeat of an idle source', () => {
    const freshness = createFreshness();
    freshness.onFrontiers([frontier]);
    expect(freshness.completeUpToMs).toBe(50_000);
    freshness.onCheckpoint(checkpoint);
    expect(freshness.completeUpToMs).toBe(90_000);
    freshness.onCheckpoint({ ...checkpoint, writtenAtMs: 95_000 });
    expect(freshness.completeUpToMs).toBe(95_000);
  });

  it('uses a checkpoint that came before the frontier', () => {
    const freshness = createFreshness();
    freshness.onCheckpoint(checkpoint);
    freshness.onFrontiers([frontier]);
    expect(freshness.completeUpToMs).toBe(90_000);
  });

  it('keeps what was complete when the reader goes on', () => {
    const freshness = createFreshness();
    freshness.onFrontiers([frontier]);
    freshness.onCheckpoint(checkpoint);
    freshness.onCheckpoint({ ...checkpoint, nextSeq: 120, writtenAtMs: 99_000 });
    expect(freshness.completeUpToMs).toBe(90_000);
    freshness.onFrontiers([{ ...frontier, seq: 110, committedMs: 98_000 }]);
    expect(freshness.completeUpToMs).toBe(98_000);
  });

  it('does not promise more than a frontier that went back', () => {
    const freshness = createFreshness();
    freshness.onFrontiers([frontier]);
    freshness.onCheckpoint(checkpoint);
    freshness.onFrontiers([{ ...frontier, seq: 60, committedMs: 30_000 }]);
    expect(freshness.completeUpToMs).toBe(30_000);
  });

  it('is that of the source that is furthest behind, and unknown when one is', () => {
    const freshness = createFreshness();
    expect(freshness.completeUpToMs).toBeNull();
    const other = { ...frontier, source: 'o', committedMs: 40_000 };
    freshness.onFrontiers([frontier, other]);
    expect(freshness.completeUpToMs).toBe(40_000);
    freshness.onFrontiers([frontier, { ...other, source: 'new', committedMs: 0 }]);
    expect(freshness.completeUpToMs).toBeNull();
  });
});

describe('checkpoint records', () => {
  it('are read, and whatever else stands in the topic is passed over', () => {
    expect(parseCheckpoint(JSON.stringify(checkpoint))).toEqual(checkpoint);
    for (const other of [
      '',
      '{',
      '{"instance":"a"}',
      JSON.stringify({ ...checkpoint, epoch: 0 }),
    ]) {
      expect(parseCheckpoint(other)).toBeUndefined();
    }
  });
});
