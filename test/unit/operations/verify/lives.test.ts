import fc from 'fast-check';
import { expect, it } from 'vitest';
import { periodsOfLife, type LifeEvent } from '../../../../operations/verify/lives.ts';
import { history, publish, type PublishedImage } from '../../../model/source-history.ts';
import { periodsOf, type Said } from '../../../model/status-periods.ts';

const HOUR = 3_600_000;

/** What the rows of the random histories say: own times lie between the commits, hours apart. */
const sayings: readonly Said[] = [
  { status: 'Open', createdMs: 600_000, resolvedMs: null },
  { status: 'Resolved', createdMs: 600_000, resolvedMs: 1_800_000 },
  { status: 'Resolved', createdMs: 600_000, resolvedMs: 3 * HOUR + 60_000 },
  { status: 'Escalated', createdMs: 600_000, resolvedMs: 1_800_000 },
  { status: 'Open', createdMs: 900_000, resolvedMs: null },
];

/** The last value is not accepted. */
const saidOf = ({ row }: PublishedImage): Said | undefined =>
  row && row.key !== null ? sayings[row.value] : undefined;

function eventOf(image: PublishedImage, snapshotEnd: number): LifeEvent {
  const said = saidOf(image);
  const { epoch, seq, kind, rank, rulesVersion, time } = image;
  return {
    ...{ epoch, seq, kind, rank, rulesVersion, imageId: image.image },
    ...{ accepted: said !== undefined, status: said?.status ?? null },
    ...{ begunMs: said?.createdMs ?? null, endedMs: said?.resolvedMs ?? null },
    ...{ committedMs: time * HOUR, gtid: seq < snapshotEnd ? null : `0-1-${time}` },
  };
}

it('tells the periods of random histories as the model does', () => {
  let told = 0;
  fc.assert(
    fc.property(history, (past) => {
      const { images } = publish('s', past);
      const ends = new Map(
        images.filter(({ kind }) => kind === 'E').map(({ epoch, seq }) => [epoch, seq]),
      );
      const epochs = [...Map.groupBy(images, ({ epoch }) => epoch)]
        .sort(([a], [b]) => a - b)
        .map(([, ofEpoch]) => ofEpoch.toSorted((a, b) => a.seq - b.seq));
      const ordered = epochs.flat();
      const markers = ordered.filter(({ kind }) => kind === 'T' || kind === 'E');
      const model = periodsOf(
        epochs.map((all) =>
          all.map((image) => ({ ...image, said: saidOf(image), committedMs: image.time * HOUR })),
        ),
      );
      for (const [key, expected] of Map.groupBy(model, (period) => period.key)) {
        const events = ordered
          .filter((image) => image.key === key && '+-X'.includes(image.kind))
          .map((image) => eventOf(image, ends.get(image.epoch) ?? Infinity));
        const periods = periodsOfLife(events, markers, 'Open').map((period) => ({
          ...{ source: 's', key, place: period.place, status: period.status },
          ...{ prior: period.prior_status, enteredMs: period.entered_ms, leftMs: period.left_ms },
        }));
        expect(periods).toEqual(expected);
        told += periods.length;
      }
    }),
    { numRuns: 1_000 },
  );
  expect(told).toBeGreaterThan(1_000);
});
