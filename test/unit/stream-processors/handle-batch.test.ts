import { describe, expect, it, vi } from 'vitest';
import type { DeadLetter } from '../../../runtime/kafka/dead-letter-writer.ts';
import type { BatchProcessor, LakeRow } from '../../../stream-processors/batch-processor.ts';
import { handleBatch } from '../../../stream-processors/handle-batch.ts';

const message = (offset: number) => ({
  ...{ key: null, value: null, timestamp: '0', attributes: 0, offset: String(offset), headers: {} },
});
const batchOf = (count: number) => ({
  ...{ topic: 't', partition: 1, messages: Array.from({ length: count }, (_, i) => message(i)) },
});

/** One row a record; offsets that end in 99 cannot be read. */
const processor: BatchProcessor = {
  async process({ messages }) {
    const bad = messages.filter(({ offset }) => offset.endsWith('99'));
    const rows = messages.map(({ offset }) => ({ kafka_offset: Number(offset) }));
    const deadLetters = bad.map((each): DeadLetter => ({
      ...{ topic: 't', partition: 1, message: each, stage: 's', code: 'KFK_3003', error: 'x' },
    }));
    return { rows, deadLetters };
  },
  placeholder: () => undefined,
};

/** Tells what happened in which order. */
function createScene(deliver: (rows: readonly LakeRow[]) => Promise<readonly LakeRow[]>) {
  const events: string[] = [];
  const letters: string[] = [];
  return {
    events,
    letters,
    parts: {
      processor,
      delivery: {
        deliver: async (rows: readonly LakeRow[]) => {
          events.push(`sends ${rows.length}`);
          const replaced = await deliver(rows);
          events.push(`sent ${rows.length}`);
          return replaced;
        },
      },
      deadLetters: {
        write: async (written: readonly DeadLetter[]) => {
          events.push(`letters ${written.length}`);
          letters.push(...written.map(({ code, message: { offset } }) => `${code} ${offset}`));
        },
      },
      signal: AbortSignal.timeout(5_000),
    },
  };
}

describe('the handling of a batch', () => {
  it('makes the next rows while the ones before are sent, and counts all of them', async () => {
    const gate = Promise.withResolvers<readonly LakeRow[]>();
    const scene = createScene(() => gate.promise);
    const handling = handleBatch(batchOf(1_050), scene.parts);
    await vi.waitFor(() => expect(scene.events).toContain('sends 50'));
    expect(scene.events).toEqual([
      ...['letters 5', 'sends 500', 'letters 5', 'sends 500', 'sends 50'],
    ]);
    gate.resolve([]);
    expect(await handling).toEqual({ rows: 1_050, replaced: 0, deadLetters: 10 });
  });

  it('writes the records of refused rows to the dead letters before it resolves', async () => {
    const scene = createScene(async (rows) =>
      rows.filter(({ kafka_offset: offset }) => offset === 7 || offset === 612),
    );
    expect(await handleBatch(batchOf(700), scene.parts)).toEqual({
      ...{ rows: 698, replaced: 2, deadLetters: 9 },
    });
    expect(scene.letters.filter((letter) => letter.startsWith('LAKE_4005'))).toEqual([
      ...['LAKE_4005 7', 'LAKE_4005 612'],
    ]);
  });

  it('rejects when one delivery does, and stops the others', async () => {
    const signals: AbortSignal[] = [];
    const scene = createScene(async () => []);
    const handling = handleBatch(batchOf(1_000), {
      ...scene.parts,
      delivery: {
        deliver: async (rows, signal) => {
          signals.push(signal);
          if (rows[0]?.['kafka_offset'] === 500) throw new Error('refused');
          return new Promise(() => undefined);
        },
      },
    });
    await expect(handling).rejects.toThrow('refused');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });
});
