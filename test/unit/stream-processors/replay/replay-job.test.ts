import type { KafkaMessage } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { changeHeaders } from '../../../../schemas/row-change.ts';
import type { NumberRange } from '../../../../schemas/holes.ts';
import type { LakeRow } from '../../../../stream-processors/batch-processor.ts';
import { imageNumbers as numbering } from '../../../../stream-processors/tables/image-numbers.ts';
import { runReplay, type ReplayProgress } from '../../../../stream-processors/replay/replay-job.ts';
import type { ReplaySource } from '../../../../stream-processors/replay/replay-source.ts';

const forever = new AbortController().signal;

/** A record of an update: images `seq` and `seq + 1`. */
const update = (offset: number, seq: number): KafkaMessage => ({
  ...{ offset: String(offset), timestamp: '0', attributes: 0, key: null, value: null },
  headers: {
    [changeHeaders.source]: 's',
    [changeHeaders.epoch]: '7',
    [changeHeaders.seq]: String(seq),
    [changeHeaders.images]: '2',
    [changeHeaders.kind]: 'u',
    [changeHeaders.transactionEnd]: '1',
  },
});

function sourceOf(messages: readonly KafkaMessage[]): ReplaySource {
  return {
    ranges: new Map([[0, { start: 0n, end: BigInt(messages.length) }]]),
    read: async (from, onRecords) => {
      const left = messages.filter(({ offset }) => BigInt(offset) >= (from.get(0) ?? 0n));
      if (left.length > 0) await onRecords({ partition: 0, messages: left });
    },
  };
}

const processor = {
  process: async ({ messages }: { readonly messages: readonly KafkaMessage[] }) => ({
    rows: messages.flatMap(({ headers }): LakeRow[] => {
      const seq = Number(String(headers?.[changeHeaders.seq]));
      return [seq, seq + 1].map((each) => ({ source: 's', epoch: 7, seq: each }));
    }),
    deadLetters: [],
  }),
};

function collector() {
  const seqs: unknown[] = [];
  return {
    seqs,
    sink: async (rows: readonly LakeRow[]) => void seqs.push(...rows.map((r) => r['seq'])),
  };
}

describe('a replay', () => {
  const messages = [1, 3, 5, 7].map((seq, offset) => update(offset, seq));

  it('sends exactly the images that are selected, though a record holds two', async () => {
    const { seqs, sink } = collector();
    const selects = ({ from, to }: NumberRange) => to >= 4 && from <= 5;
    const source = sourceOf(messages);
    const done = await runReplay({ source, processor, numbering, selects, sink, signal: forever });
    expect(seqs).toEqual([4, 5]);
    expect(done).toMatchObject({ records: 4, rows: 2 });
  });

  it('goes on where it was broken off', async () => {
    const { seqs, sink } = collector();
    const stop = new AbortController();
    const told: ReplayProgress[] = [];
    const source = sourceOf(messages);
    const broken = runReplay({
      ...{ source, processor, numbering, sink, signal: stop.signal, recordsPerSecond: 2 },
      onProgress: (progress) => {
        told.push({ ...progress, next: new Map(progress.next) });
        stop.abort(new Error('interrupted'));
      },
    });
    await expect(broken).rejects.toThrow('interrupted');
    expect(seqs).toEqual([1, 2, 3, 4]);
    const from = told.at(-1)?.next ?? new Map<number, bigint>();
    await runReplay({ source, processor, numbering, sink, from, signal: forever });
    expect(seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('keeps to its rate', async () => {
    const { sink } = collector();
    const startedAt = performance.now();
    const source = sourceOf(messages);
    await runReplay({ source, processor, numbering, sink, signal: forever, recordsPerSecond: 20 });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(195);
  });
});
