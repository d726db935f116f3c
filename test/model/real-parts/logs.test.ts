import fc from 'fast-check';
import { lineOf } from '../../../schemas/holes.ts';
import { sideBySide } from '../delivery.ts';
import {
  compare,
  compareEnd,
  dataset,
  lakeRow,
  readWarehouse,
  type Warehouse,
} from '../log-comparison.ts';
import { deliverLogs, lastRanges, logScenarioOf } from '../log-history.ts';
import type { LogRange } from '../log-model.ts';
import { logMutations } from '../mutations.ts';
import { play } from './play.ts';
import { testPlays } from './plays.ts';

/** Each history has hosts of its own. */
const own = (index: number) => (range: LogRange) => ({
  ...range,
  host: `${range.host}.${index}`,
  entryId: range.entryId && `${range.entryId}.${index}`,
});

testPlays({
  dataset,
  sideBySide: (count) => fc.array(logScenarioOf([20, 60]), { minLength: count, maxLength: count }),
  // Each is of one file to six.
  many: { histories: 12, plays: 1 },
  play: (parts, histories, options) => {
    const batches = sideBySide(
      histories.map((each, index) => deliverLogs(each).map((batch) => batch.map(own(index)))),
    );
    const last = histories.flatMap(({ files }, index) => lastRanges(files).map(own(index)));
    const subject = {
      ...{ dataset, batches, lakeRow, compare },
      read: () => readWarehouse(parts.database),
      frontiers: ({ files }: Warehouse) =>
        files.map((each) => [lineOf(each), each.upto - 1] as const),
      compareEnd: (warehouse: Warehouse) => compareEnd(warehouse, last),
    };
    return play(parts, subject, { seed: histories[0]?.how.seed ?? 0, ...options });
  },
  mutations: logMutations,
  mostTelling: ['a hole', 'repeats of an entry', 'the newest verdict', 'the lock'],
});
