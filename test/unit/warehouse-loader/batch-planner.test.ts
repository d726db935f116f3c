import { describe, expect, test } from 'vitest';
import { createBatchPlanner, type PlannedBatch } from '../../../warehouse-loader/batch-planner.ts';
import type { LakeObject } from '../../../warehouse-loader/load-statements.ts';

const MIB = 1024 * 1024;

function object(number: number, bytes = 1): LakeObject {
  return { key: `k${number}`, etag: 'e', bytes, modifiedMs: number };
}

function objects(count: number, bytes = 1): LakeObject[] {
  return Array.from({ length: count }, (_, index) => object(index, bytes));
}

function keys(batch: PlannedBatch | undefined): string[] | undefined {
  return batch?.objects.map(({ key }) => key);
}

function planner() {
  const clock = { ms: 0 };
  return { clock, planner: createBatchPlanner({ cadenceMs: 1_000, elapsed: () => clock.ms }) };
}

describe('the planner', () => {
  test('loads the first object at once, the next ones after the cadence, oldest first', () => {
    const { clock, planner: plan } = planner();
    expect(plan.next()).toBeUndefined();
    plan.add([object(1)]);
    expect(keys(plan.next())).toEqual(['k1']);
    plan.add([object(3), object(2)]);
    clock.ms = 999;
    expect(plan.next()).toBeUndefined();
    clock.ms = 1_000;
    expect(keys(plan.next())).toEqual(['k2', 'k3']);
    expect(plan.next()).toBeUndefined();
  });

  test('does not wait when a batch is full, by count or by bytes', () => {
    const byCount = planner().planner;
    byCount.add(objects(450));
    expect([byCount.next(), byCount.next()].map((each) => each?.objects.length)).toEqual([
      200, 200,
    ]);
    expect(byCount.next()).toBeUndefined();

    const byBytes = planner().planner;
    byBytes.add(objects(5, 100 * MIB));
    expect([byBytes.next(), byBytes.next()].map((each) => each?.objects.length)).toEqual([2, 2]);
  });

  test('an object above the limit of bytes gets a batch of its own', () => {
    const { planner: plan } = planner();
    plan.add([object(1, 300 * MIB), object(2)]);
    expect(keys(plan.next())).toEqual(['k1']);
  });

  test('takes an object once while it waits', () => {
    const { planner: plan } = planner();
    plan.add([object(1)]);
    plan.add([object(1), object(2)]);
    expect(plan.waiting).toBe(2);
  });

  test('tells how old what waits is, what is under way and a suspect that is tried again included', () => {
    const { planner: plan } = planner();
    expect(plan.oldestMs).toBeUndefined();
    plan.add([object(7), object(3)]);
    expect(plan.oldestMs).toBe(object(3).modifiedMs);
    const batch = plan.next();
    if (!batch) throw new Error('no batch is due');
    // Under way is not loaded: a batch that hangs grows old like any other.
    expect([plan.oldestMs, plan.waiting]).toEqual([object(3).modifiedMs, 2]);
    plan.add([object(9)]);
    plan.refused(batch);
    expect(plan.oldestMs).toBe(object(3).modifiedMs);
  });

  test('a slow warehouse gets fewer batches, a fast one more again', () => {
    const { clock, planner: plan } = planner();
    const begin = (): PlannedBatch => {
      plan.add([object(clock.ms)]);
      const batch = plan.next();
      if (!batch) throw new Error('no batch is due');
      return batch;
    };
    plan.loaded(begin(), 600);
    clock.ms = 1_000;
    plan.add([object(7)]);
    expect(plan.next()).toBeUndefined();
    clock.ms = 2_000;
    const batch = plan.next();
    expect(keys(batch)).toEqual(['k7']);
    plan.loaded(batch ?? { objects: [] }, 10);
    clock.ms = 3_000;
    expect(begin().objects).toHaveLength(1);
  });

  test('what failed for another reason waits again, without being suspected', () => {
    const { clock, planner: plan } = planner();
    plan.add(objects(2));
    const batch = plan.next();
    plan.putBack(batch ?? { objects: [] });
    clock.ms = 1_000;
    const again = plan.next();
    expect(keys(again)).toEqual(['k0', 'k1']);
    expect(again?.suspicion).toBeUndefined();
  });
});

describe('a batch that COPY refuses', () => {
  /** Plays COPY: refuses every batch that holds a poisoned key. */
  function play(
    count: number,
    poisoned: readonly string[],
    options: { fresh?: boolean; names?: (keys: readonly string[]) => string | undefined } = {},
  ) {
    const { clock, planner: plan } = planner();
    plan.add(objects(count));
    const loaded: string[] = [];
    const culprits: string[] = [];
    let attempts = 0;
    for (let turn = 0; turn < 400; turn += 1) {
      clock.ms += 1_000;
      if (options.fresh && turn === 30) plan.add([object(1_000)]);
      for (let batch = plan.next(); batch; batch = plan.next()) {
        attempts += 1;
        if (batch.objects.some(({ key }) => poisoned.includes(key))) {
          const name = options.names?.(batch.objects.map(({ key }) => key));
          const named = batch.objects.find(({ key }) => key === name);
          const culprit = plan.refused(batch, { named });
          if (culprit) culprits.push(culprit.key);
        } else {
          plan.loaded(batch, 1);
          loaded.push(...batch.objects.map(({ key }) => key));
        }
      }
    }
    return { loaded: loaded.sort(), culprits: culprits.sort(), waiting: plan.waiting, attempts };
  }

  test('is halved down to the object at fault, and the rest is loaded', () => {
    const { loaded, culprits, waiting, attempts } = play(200, ['k137']);
    expect(culprits).toEqual(['k137']);
    expect(loaded).toHaveLength(199);
    expect(waiting).toBe(0);
    // Three times whole, then two halves on each of eight levels, and little more.
    expect(attempts).toBeLessThan(3 + 2 * 8 + 4);
  });

  test('may hold several', () => {
    const { loaded, culprits } = play(100, ['k0', 'k50', 'k99']);
    expect(culprits).toEqual(['k0', 'k50', 'k99']);
    expect(loaded).toHaveLength(97);
  });

  test('is parted by the object that the refusal names', () => {
    const poisoned = ['k17', 'k137'];
    const names = (all: readonly string[]) => all.find((key) => poisoned.includes(key));
    const { loaded, culprits, waiting, attempts } = play(200, poisoned, { names });
    expect([...culprits].sort()).toEqual(['k137', 'k17']);
    expect(loaded).toHaveLength(198);
    expect(waiting).toBe(0);
    // Three times whole, the others twice, and the two alone, one of them before anything loaded.
    expect(attempts).toBeLessThanOrEqual(3 + 2 + 3);
  });

  test('finds its way when the refusal names another one', () => {
    const { loaded, culprits } = play(40, ['k7', 'k30'], { names: ([first]) => first });
    expect(culprits).toEqual(['k30', 'k7']);
    expect(loaded).toHaveLength(38);
  });

  test('is not blamed while nothing else is loaded: the warehouse may refuse everything', () => {
    const everything = play(4, ['k0', 'k1', 'k2', 'k3']);
    expect(everything).toMatchObject({ culprits: [], loaded: [], waiting: 4 });
    const alone = play(1, ['k0']);
    expect(alone).toMatchObject({ culprits: [], waiting: 1 });
    // Seldom enough that it costs little.
    expect(alone.attempts).toBeLessThan(20);
  });

  test('alone is blamed as soon as another object is loaded', () => {
    expect(play(1, ['k0'], { fresh: true })).toMatchObject({
      culprits: ['k0'],
      loaded: ['k1000'],
      waiting: 0,
    });
  });

  describe('alone in an idle lake', () => {
    /** Refuses the only object until a probe is asked for. */
    function refuseUntilProbe(plan: ReturnType<typeof planner>): PlannedBatch | undefined {
      for (let turn = 0; turn < 20; turn += 1) {
        plan.clock.ms += 1_000;
        const batch = plan.planner.next();
        if (batch && plan.planner.needsProbe(batch)) return batch;
        if (batch) plan.planner.refused(batch);
      }
      return undefined;
    }

    test('is blamed when a probe passes, after three refusals', () => {
      const plan = planner();
      plan.planner.add([object(1)]);
      const batch = refuseUntilProbe(plan);
      expect(batch?.suspicion?.refusals).toBe(2);
      expect(plan.planner.refused(batch ?? { objects: [] }, { probePassed: true })?.key).toBe('k1');
      expect(plan.planner.waiting).toBe(0);
    });

    test('waits when the probe fails too, and is probed again', () => {
      const plan = planner();
      plan.planner.add([object(1)]);
      const batch = refuseUntilProbe(plan);
      expect(
        plan.planner.refused(batch ?? { objects: [] }, { probePassed: false }),
      ).toBeUndefined();
      expect(plan.planner.waiting).toBe(1);
      expect(refuseUntilProbe(plan)).toBeDefined();
    });

    test('is the only one: when each new object is refused, the next one waits for a load', () => {
      const plan = planner();
      plan.planner.add([object(1)]);
      plan.planner.refused(refuseUntilProbe(plan) ?? { objects: [] }, { probePassed: true });
      plan.planner.add([object(2)]);
      expect(refuseUntilProbe(plan)).toBeUndefined();
      plan.planner.loaded({ objects: [object(3)] }, 1);
      plan.planner.add([object(4)]);
      plan.clock.ms += 1_000;
      // Now a load tells, and a probe is not needed for the second one.
      expect(keys(plan.planner.next())).toEqual(['k4']);
      const second = plan.planner.next();
      expect(plan.planner.refused(second ?? { objects: [] })?.key).toBe('k2');
    });

    test('needs no probe while another object waits', () => {
      const plan = planner();
      plan.planner.add([object(1)]);
      for (let turn = 0; turn < 2; turn += 1) {
        plan.clock.ms += 2_000;
        plan.planner.refused(plan.planner.next() ?? { objects: [] });
      }
      plan.clock.ms += 4_000;
      const third = plan.planner.next() ?? { objects: [] };
      expect(plan.planner.needsProbe(third)).toBe(true);
      plan.planner.add([object(2)]);
      expect(plan.planner.needsProbe(third)).toBe(false);
    });
  });

  test('delays nothing behind it', () => {
    const { clock, planner: plan } = planner();
    plan.add(objects(10));
    const batch = plan.next();
    plan.refused(batch ?? { objects: [] });
    plan.add([object(20)]);
    clock.ms = 1_000;
    expect(keys(plan.next())).toEqual(['k20']);
    expect(plan.next()?.objects).toHaveLength(10);
  });
});
