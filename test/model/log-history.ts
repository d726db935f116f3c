import fc from 'fast-check';
import { intoBatches, LAST_VERSION, randomFrom, shuffled } from './delivery.ts';
import type { LogRange } from './log-model.ts';

/** Ranges of one file, as lengths and kinds; entries by a small number, so that repeats are common. */
interface FilePlan {
  readonly host: 'a' | 'b';
  readonly start: number;
  readonly blocks: readonly (readonly {
    readonly len: number;
    readonly content: number | 'F' | 'P';
  }[])[];
}

const range = fc.record({
  len: fc.integer({ min: 1, max: 9 }),
  content: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 7 }) },
    { weight: 1, arbitrary: fc.constantFrom('F' as const, 'P' as const) },
  ),
});

const file: fc.Arbitrary<FilePlan> = fc.record({
  host: fc.constantFrom('a' as const, 'b' as const),
  start: fc.constantFrom(0, 0, 40),
  blocks: fc.array(fc.array(range, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 }),
});

/** How the ranges reach the warehouse. */
interface LogDelivery {
  readonly seed: number;
  /** How far a range may arrive from its place, in ranges. */
  readonly jitter: number;
  readonly unreadableShare: number;
  readonly batchSize: number;
}

export interface LogScenario {
  readonly files: readonly FilePlan[];
  readonly how: LogDelivery;
}

/** @param batchSizes at most so many ranges come in one batch. */
export function logScenarioOf(batchSizes: readonly number[]): fc.Arbitrary<LogScenario> {
  return fc.record({
    files: fc.array(file, { minLength: 1, maxLength: 6 }),
    how: fc.record({
      seed: fc.integer(),
      jitter: fc.constantFrom(0, 4, 40),
      unreadableShare: fc.constantFrom(0, 0.2, 0.5),
      batchSize: fc.constantFrom(...batchSizes),
    }),
  });
}

export const logScenario = logScenarioOf([6, 20, 60]);

const DUPLICATES = 0.25;
const REPEATED_BATCHES = 0.2;
const LATE = 40;

/** The last range of each file. */
export function lastRanges(files: readonly FilePlan[]): LogRange[] {
  return files.flatMap((each, index) => blocksOf(each, index).flat().slice(-1));
}

/** The ranges of a file, block by block. */
function blocksOf({ host, start, blocks }: FilePlan, index: number): LogRange[][] {
  const generation = `${1_000 + index}-g`;
  let pos = start;
  return blocks.map((block) =>
    block.map(({ len, content }): LogRange => {
      const isEntry = typeof content === 'number';
      const entryId = content === 'F' ? '' : `${host}${isEntry ? content : 0}`;
      const at = pos;
      pos += len;
      return {
        ...{ host, generation, start, pos: at, len, entryId, rulesVersion: 1 },
        kind: isEntry ? 'E' : content,
      };
    }),
  );
}

/**
 * The batches in which the ranges arrive: late, twice, as a block that cannot be read and is
 * repaired later in part or whole, judged by two versions; after them a replay at the last version.
 */
export function deliverLogs({ files, how }: LogScenario): LogRange[][] {
  const random = randomFrom(how.seed);
  const arrivals: { at: number; range: LogRange }[] = [];
  const blocks = files.flatMap(blocksOf);
  for (const [index, block] of blocks.entries()) {
    const at = () => index * 2 + random() * how.jitter;
    const isUnreadable = random() < how.unreadableShare;
    if (isUnreadable) {
      arrivals.push({ at: at(), range: unreadable(block) });
      if (random() < DUPLICATES)
        arrivals.push({ at: at() + random() * LATE, range: unreadable(block) });
    }
    for (const range of block) {
      // Of a block that cannot be read some ranges come later, the rest with the replay.
      if (isUnreadable && random() < 0.4) continue;
      arrivals.push({ at: at() + (isUnreadable ? random() * LATE : 0), range });
      if (random() < DUPLICATES) arrivals.push({ at: at() + random() * LATE, range });
    }
  }
  arrivals.sort((a, b) => a.at - b.at);
  const live = arrivals.map(({ range }) => judgedBy(range, random() < 0.3 ? 2 : 1));
  const replay = shuffled(blocks.flat(), random).map((range) => judgedBy(range, LAST_VERSION));
  const late = blocks.filter(() => random() < how.unreadableShare).map(unreadable);
  const batches = [
    ...intoBatches(live, how.batchSize, random),
    ...intoBatches(replay, how.batchSize * 2, random),
    ...intoBatches(late, how.batchSize, random),
  ];
  return batches.flatMap((batch) => (random() < REPEATED_BATCHES ? [batch, batch] : [batch]));
}

function judgedBy(range: LogRange, rulesVersion: number): LogRange {
  return range.kind === 'X' ? range : { ...range, rulesVersion };
}

/** What the processor makes of a block that it cannot read: one row over its whole range. */
function unreadable(block: readonly LogRange[]): LogRange {
  const [first] = block;
  if (!first) throw new TypeError('a block without ranges');
  const len = block.reduce((sum, each) => sum + each.len, 0);
  return { ...first, len, kind: 'X', entryId: '', rulesVersion: 0 };
}
