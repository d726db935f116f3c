import type { KafkaMessage } from 'kafkajs';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { changeHeaders } from '../../../../schemas/row-change.ts';
import type { LakeRow } from '../../../../stream-processors/batch-processor.ts';
import { imageNumbers } from '../../../../stream-processors/tables/image-numbers.ts';
import { createHoleFiller } from '../../../../stream-processors/replay/hole-filler.ts';
import type { ReplaySource } from '../../../../stream-processors/replay/replay-source.ts';

const signal = new AbortController().signal;

const record = (seq: number): KafkaMessage => ({
  ...{ offset: String(seq), timestamp: '0', attributes: 0, key: null, value: null },
  headers: {
    [changeHeaders.source]: 's',
    [changeHeaders.epoch]: '7',
    [changeHeaders.seq]: String(seq),
    [changeHeaders.images]: '1',
    [changeHeaders.kind]: 'c',
    [changeHeaders.transactionEnd]: '1',
  },
});

const processor = {
  process: async ({ messages }: { readonly messages: readonly KafkaMessage[] }) => ({
    rows: messages.map(({ offset }): LakeRow => ({ source: 's', epoch: 7, seq: Number(offset) })),
    deadLetters: [],
  }),
};

/** A filler over some windows of a topic and an archive, and a clock. */
function scene(options: {
  readonly topic: readonly (readonly number[])[];
  readonly archive?: readonly (readonly number[])[];
  readonly behind?: boolean;
}) {
  const clock = { ms: 1_000 };
  const sent: number[] = [];
  const read: string[] = [];
  const logged: { readonly code?: string; readonly unfillable?: number }[] = [];
  const source = (name: string, windows: readonly (readonly number[])[]) =>
    async function* (): AsyncGenerator<ReplaySource> {
      for (const [index, seqs] of windows.entries()) {
        yield {
          ranges: new Map(),
          read: async (_, onRecords) => {
            read.push(`${name}${index}`);
            await onRecords({ partition: 0, messages: seqs.map(record) });
          },
        };
      }
    };
  const filler = createHoleFiller({
    processing: { processor, numbering: imageNumbers },
    sink: async (rows) => void sent.push(...rows.map(({ seq }) => Number(seq))),
    sources: [source('topic', options.topic), source('archive', options.archive ?? [])],
    mayCome: async () => options.behind ?? false,
    retryMs: 100,
    log: pino(
      { level: 'error' },
      { write: (line: string) => logged.push(JSON.parse(line) as object) },
    ),
    now: () => clock.ms,
  });
  return { filler, clock, sent, read, logged };
}

const hole = (from: number, to: number) => ({ line: 's:7', from, to });
const nowhere: readonly unknown[] = [];

describe('missing numbers', () => {
  it('are sent again, exactly these, and looked for no further than needed', async () => {
    const { filler, sent, read } = scene({
      topic: [
        [8, 9, 10],
        [5, 6, 7],
        [1, 2],
      ],
      archive: [[9]],
    });
    expect(await filler.fill([hole(6, 6), hole(9, 10)], signal)).toEqual(nowhere);
    expect(sent.toSorted((a, b) => a - b)).toEqual([6, 9, 10]);
    expect(read).toEqual(['topic0', 'topic1']);
  });

  it('come from the archive where the topic no longer has them', async () => {
    const { filler, sent } = scene({ topic: [[9]], archive: [[5], [4]] });
    expect(await filler.fill([hole(4, 5)], signal)).toEqual(nowhere);
    expect(sent).toEqual([5, 4]);
  });

  it('are not sent twice while the first may be on its way, and again after that', async () => {
    const { filler, sent, clock } = scene({ topic: [[5]] });
    await filler.fill([hole(5, 5)], signal);
    clock.ms += 99;
    await filler.fill([hole(5, 5)], signal);
    expect(sent).toEqual([5]);
    clock.ms += 1;
    await filler.fill([hole(5, 5)], signal);
    expect(sent).toEqual([5, 5]);
    // A loader that is away gets it ever more seldom.
    clock.ms += 199;
    await filler.fill([hole(5, 5)], signal);
    expect(sent).toEqual([5, 5]);
    clock.ms += 1;
    await filler.fill([hole(5, 5)], signal);
    expect(sent).toEqual([5, 5, 5]);
  });

  it('are told as unfillable when they are nowhere, until the hole is gone', async () => {
    const { filler, logged, sent, clock } = scene({ topic: [[1, 2]], archive: [[3]] });
    const told = [{ ...hole(3, 6), unfillable: 3 }];
    expect(await filler.fill([hole(3, 6)], signal)).toEqual(told);
    expect(sent).toEqual([3]);
    expect(logged).toEqual([expect.objectContaining({ code: 'WH_5005', unfillable: 3 })]);
    clock.ms += 100;
    expect(await filler.fill([hole(3, 6)], signal)).toEqual(told);
    expect(logged).toHaveLength(1);
    expect(await filler.fill([], signal)).toEqual(nowhere);
  });

  it('are not unfillable while the processor has records left to take', async () => {
    const { filler, logged } = scene({ topic: [], behind: true });
    expect(await filler.fill([hole(3, 6)], signal)).toEqual(nowhere);
    expect(logged).toEqual([]);
  });
});
