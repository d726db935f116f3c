import { describe, expect, it } from 'vitest';
import {
  abortableSleep,
  settleWithin,
  waitAtMost,
  waitOrAbort,
} from '../../../runtime/abortable-wait.ts';

const never = new Promise<never>(() => undefined);

describe('waiting', () => {
  it('gives what the promise gives', async () => {
    const { signal } = new AbortController();
    expect(await waitOrAbort(Promise.resolve(1), signal)).toBe(1);
    expect(await waitAtMost(Promise.resolve(1), 1_000)).toBe(1);
    const failing = Promise.reject(new Error('x'));
    await expect(waitOrAbort(failing, signal)).rejects.toThrow('x');
    await expect(waitAtMost(failing, 1_000)).rejects.toThrow('x');
  });

  it('ends with the reason of an abort, before or meanwhile', async () => {
    const reason = new Error('stop');
    await expect(waitOrAbort(never, AbortSignal.abort(reason))).rejects.toBe(reason);
    await expect(abortableSleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const waits = [
      waitOrAbort(never, controller.signal),
      abortableSleep(60_000, controller.signal),
    ];
    controller.abort(reason);
    for (const wait of waits) await expect(wait).rejects.toBe(reason);
  });

  it('ends after its time', async () => {
    await expect(waitAtMost(never, 1)).rejects.toThrow('no answer within 1 ms');
    await expect(settleWithin(never, 1)).resolves.toBeUndefined();
    await expect(settleWithin(Promise.reject(new Error('x')), 1_000)).resolves.toBeUndefined();
  });
});
