import fc from 'fast-check';
import { lineOf } from '../../../schemas/holes.ts';
import { deliveryOf } from '../delivery.ts';
import {
  compare,
  compareEnd,
  dataset,
  lakeRow,
  playOut,
  readWarehouse,
  type Warehouse,
} from '../image-comparison.ts';
import { imageMutations } from '../mutations.ts';
import { history, type PublishedImage } from '../source-history.ts';
import { play } from './play.ts';
import { testPlays } from './plays.ts';

testPlays({
  dataset,
  sideBySide: (count) =>
    fc.array(fc.tuple(history, deliveryOf([20, 60])), { minLength: count, maxLength: count }),
  many: { histories: 30, plays: 2 },
  play: (parts, histories, options) => {
    const { played, batches } = playOut(histories);
    const subject = {
      ...{ dataset, batches, lakeRow },
      read: () => readWarehouse(parts.database),
      compare: (warehouse: Warehouse, arrived: readonly PublishedImage[]) =>
        compare(warehouse, played, arrived),
      frontiers: ({ frontier }: Warehouse) =>
        frontier.map((each) => [lineOf(each), each.seq] as const),
      compareEnd: (warehouse: Warehouse) => compareEnd(warehouse, played),
    };
    return play(parts, subject, { seed: histories[0]?.[1].seed ?? 0, ...options });
  },
  mutations: imageMutations,
  mostTelling: [
    ...['half a transaction', 'a hole', 'the epoch of a number', 'a pending image'],
    ...['the newest verdict', 'the fence'],
  ],
});
