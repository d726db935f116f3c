import fc from 'fast-check';
import { expect } from 'vitest';
import type { Disturbance } from './disturbances.ts';

/** What brings a planted fault to light; most need nothing but many histories at once. */
export interface Light {
  readonly disturbance: Disturbance['do'];
  /** Side by side the conflicts of some hide what others would show. */
  readonly alone: boolean;
}

const inDaylight: Light = { disturbance: 'nothing', alone: false };
const underRaces: Readonly<Record<string, Light>> = {
  'the fence': { disturbance: 'rival', alone: true },
  'the lock': { disturbance: 'twin', alone: true },
};

export function lightOn(fault: string): Light {
  return underRaces[fault] ?? inDaylight;
}

/** Seen by a comparison or by a batch's own check: not by a statement that is no SQL, nor by a standstill. */
const SEEN =
  /^(AssertionError|Error: half a transaction|Error: loader \d+ has written|PipelineError: .*division by zero)/;

/** Passes when the property with a planted fault fails for what the fault does. */
export async function expectSeen<T>(property: fc.IAsyncProperty<T>): Promise<void> {
  const { failed, errorInstance } = await fc.check(property, { numRuns: 150, endOnFailure: true });
  expect(failed).toBe(true);
  expect(errorInstance instanceof Error ? errorInstance.message : errorInstance).toMatch(SEEN);
}
