import { describe, expect, it } from 'vitest';
import { PipelineError } from '../../../runtime/pipeline-error.ts';
import { supportTickets as dataset } from '../../../schemas/datasets/support-tickets/index.ts';
import { ERASED_RULES_VERSION, erasureKey } from '../../../schemas/erased-image.ts';
import type { BatchProcessor, LakeRow } from '../../../stream-processors/batch-processor.ts';
import { createErasures, withErasures } from '../../../stream-processors/tables/erasures.ts';

const signal = new AbortController().signal;
const [gone, other] = ['a'.repeat(32), 'b'.repeat(32)];

const row = (keyHash: string, epoch: number, seq: number): LakeRow => ({
  ...{ source: 's.db.t', epoch, seq, kind: '+', key_hash: keyHash, agent: 'Rohit' },
});

function scene() {
  const names: string[] = [];
  const world = { ms: 0, listings: 0, fails: false };
  const bucket = {
    keys: async () => {
      world.listings += 1;
      if (world.fails) throw new PipelineError('LAKE_4002', 'away', { retryable: true });
      return [...names];
    },
  };
  const rows = [row(gone, 3, 5), row(gone, 3, 6), row(gone, 2, 99), row(other, 3, 1)];
  const plain: BatchProcessor = {
    process: async () => ({ rows, deadLetters: [] }),
    placeholder: () => undefined,
  };
  const processor = withErasures(
    plain,
    createErasures(dataset, bucket, () => world.ms),
  );
  const agents = async () => {
    const batch = await processor.process({ partition: 0, messages: [] }, signal);
    return batch.rows.map(({ agent }) => agent ?? null);
  };
  const forget = () =>
    names.push(erasureKey(dataset, { keyHash: gone, source: 's.db.t', epoch: 3, seq: 5 }));
  return { world, agents, forget, processor };
}

describe('records that are read again', () => {
  it('have no content where it was erased, up to the number at which that was', async () => {
    const { agents, forget, processor } = scene();
    forget();
    expect(await agents()).toEqual([null, 'Rohit', null, 'Rohit']);
    const { rows } = await processor.process({ partition: 0, messages: [] }, signal);
    expect(rows[0]).toMatchObject({ seq: 5, kind: '+', rules_version: ERASED_RULES_VERSION });
  });

  it('are looked after while the daemon runs, by a listing now and then', async () => {
    const { world, agents, forget } = scene();
    await agents();
    forget();
    expect((await agents())[0]).toBe('Rohit');
    expect(world.listings).toBe(1);
    world.ms += 30_000;
    expect((await agents())[0]).toBeNull();
  });

  it('are not made before it is known what was erased; later a failed listing stops nothing', async () => {
    const { world, agents, forget } = scene();
    forget();
    world.fails = true;
    await expect(agents()).rejects.toMatchObject({ code: 'LAKE_4002', retryable: true });
    world.fails = false;
    expect((await agents())[0]).toBeNull();
    world.fails = true;
    world.ms += 60_000;
    expect((await agents())[0]).toBeNull();
  });
});
