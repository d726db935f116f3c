import fc from 'fast-check';
import { unreadable, type PublishedHistory, type PublishedImage } from './source-history.ts';

/** How a history's images reach the warehouse. */
export interface Delivery {
  readonly seed: number;
  /** How far an image may arrive from its place, in images. */
  readonly jitter: number;
  readonly unreadableShare: number;
  /** `deploy`: version 2 from some moment on; `mixed`: both at once, as two instances would. */
  readonly versions: 'one' | 'deploy' | 'mixed';
  readonly batchSize: number;
}

/** @param batchSizes at most so many images of a history come in one batch. */
export function deliveryOf(batchSizes: readonly number[]): fc.Arbitrary<Delivery> {
  return fc.record({
    seed: fc.integer(),
    jitter: fc.constantFrom(0, 3, 20, 1_000),
    unreadableShare: fc.constantFrom(0, 0, 0.1),
    versions: fc.constantFrom('one' as const, 'deploy' as const, 'mixed' as const),
    batchSize: fc.constantFrom(...batchSizes),
  });
}

export const delivery = deliveryOf([8, 20, 60]);

const DUPLICATES = 0.25;
const REPEATED_BATCHES = 0.2;
export const LAST_VERSION = 2;

/**
 * The batches in which the images arrive: late, twice, unreadable and repaired later, judged by
 * several versions; after them a replay of everything at the last version.
 */
export function deliver(history: PublishedHistory, how: Delivery): PublishedImage[][] {
  const random = randomFrom(how.seed);
  const arrivals: { at: number; image: PublishedImage }[] = [];
  for (const [index, image] of history.images.entries()) {
    const at = () => index + random() * how.jitter;
    const canBeUnreadable = image.kind === '+' || image.kind === '-';
    if (canBeUnreadable && random() < how.unreadableShare) {
      arrivals.push({ at: at(), image: unreadable(image) });
      // Some are repaired early, the rest by the replay.
      if (random() < 0.5) arrivals.push({ at: at() + random() * 40, image });
    } else {
      arrivals.push({ at: at(), image });
    }
    if (random() < DUPLICATES) arrivals.push({ at: at() + random() * 40, image });
  }
  arrivals.sort((a, b) => a.at - b.at);
  const deployedAt = random() * arrivals.length;
  const version = (index: number) => {
    if (how.versions === 'one') return 1;
    return how.versions === 'deploy' ? (index < deployedAt ? 1 : 2) : random() < 0.5 ? 1 : 2;
  };
  const live = arrivals.map(({ image }, index) => judgedBy(image, version(index)));
  const replay = shuffled(history.images, random).map((image) => judgedBy(image, LAST_VERSION));
  const batches = [
    ...intoBatches(live, how.batchSize, random),
    ...intoBatches(replay, how.batchSize * 2, random),
  ];
  return batches.flatMap((batch) => (random() < REPEATED_BATCHES ? [batch, batch] : [batch]));
}

function judgedBy(image: PublishedImage, rulesVersion: number): PublishedImage {
  return image.kind === '+' || image.kind === '-' ? { ...image, rulesVersion } : image;
}

export function intoBatches<T>(items: readonly T[], size: number, random: () => number): T[][] {
  const batches: T[][] = [];
  for (let start = 0; start < items.length;) {
    const length = 1 + Math.floor(random() * size);
    batches.push(items.slice(start, start + length));
    start += length;
  }
  return batches;
}

/** Histories side by side: the n-th batch of all holds the n-th of each. */
export function sideBySide<T>(ofEach: readonly (readonly (readonly T[])[])[]): T[][] {
  const rounds = Math.max(...ofEach.map(({ length }) => length));
  return Array.from({ length: rounds }, (_, round) => ofEach.flatMap((one) => one[round] ?? []));
}

export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** mulberry32: the delivery is a function of its seed, so that a failure can be played again. */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
