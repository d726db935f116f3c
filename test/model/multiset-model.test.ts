import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deliver, delivery } from './delivery.ts';
import { warehouseOf, type SignedImage, type SourceState } from './multiset-model.ts';
import { history, identityOf, publish, type PublishedImage } from './source-history.ts';

const runs = process.env['CAREPLUS_LONG'] === '1' ? 20_000 : 400;

/** The model's rows as text, with copies written out. */
function expanded(state: SourceState): string[] {
  return (state.shown?.state ?? [])
    .flatMap(({ key, image, copies }) => Array.from({ length: copies }, () => `${key}/${image}`))
    .sort();
}

describe('the reference model', () => {
  test('after every batch shows the source table at a transaction boundary, never an earlier one', () => {
    fc.assert(
      fc.property(history, delivery, (past, how) => {
        const published = publish('s', past);
        const arrived: PublishedImage[] = [];
        let shownTime = -1;
        for (const batch of deliver(published, how)) {
          arrived.push(...batch);
          const state = warehouseOf(arrived).get('s');
          if (!state?.shown) continue;
          const { epoch, frontier } = state.shown;
          const truth = published.boundaries.get(`${epoch}/${frontier}`);
          expect(truth, `no boundary at ${epoch}/${frontier}`).toBeDefined();
          if (!truth) continue;
          expect(truth.time).toBeGreaterThanOrEqual(shownTime);
          shownTime = truth.time;
          if (state.shown.state.some(({ unreadable }) => unreadable)) continue;
          const rows = truth.rows
            .map((row) => identityOf(row, truth.shape))
            .map(({ key, image }) => `${key}/${image}`);
          expect(expanded(state)).toEqual(rows.sort());
        }
        const last = warehouseOf(arrived).get('s');
        expect(last?.shown).toMatchObject({
          epoch: published.end.epoch,
          frontier: published.end.seq,
          pending: [],
        });
      }),
      { numRuns: runs },
    );
  });

  test('keeps a count below zero: it is the sign of drift', () => {
    const image: SignedImage = {
      ...{ source: 's', epoch: 1, seq: 1, txEnd: true, kind: 'E' },
      ...{ key: '', image: '', rank: 0, rulesVersion: 0 },
    };
    const gone: SignedImage = {
      ...image,
      ...{ seq: 2, kind: '-', key: 'k', image: 'i', rulesVersion: 1 },
    };
    const shown = warehouseOf([image, gone]).get('s')?.shown;
    expect(shown?.state).toMatchObject([{ key: 'k', copies: -1, isLatest: false }]);
  });
});
