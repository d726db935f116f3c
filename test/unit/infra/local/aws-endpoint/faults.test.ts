import { describe, expect, it } from 'vitest';
import {
  DELIVER,
  type FaultRuleInput,
  faultRuleSchema,
  Faults,
} from '../../../../../infra/local/aws-endpoint/faults.ts';

function faultsOf(...rules: readonly FaultRuleInput[]): Faults {
  const faults = new Faults();
  for (const rule of rules) faults.add(faultRuleSchema.parse(rule));
  return faults;
}

describe('fault rules', () => {
  it('pass the skipped calls, fire so many times, then never again', () => {
    const faults = faultsOf({ op: 'PutObject', skip: 2, times: 2, action: 'throttle' });
    const fired = Array.from({ length: 6 }, () => faults.nextExchange('PutObject')?.action);
    expect(fired).toEqual([undefined, undefined, 'throttle', 'throttle', undefined, undefined]);
  });

  it('count only calls of their operation whose detail holds the text', () => {
    const faults = faultsOf({ op: 'GetObject', match: 'lake/a', action: 'error' });
    expect(faults.nextExchange('PutObject', 'lake/a')).toBeUndefined();
    expect(faults.nextExchange('GetObject', 'lake/b')).toBeUndefined();
    expect(faults.nextExchange('GetObject', 'lake/a1')?.action).toBe('error');
  });

  it('fire in the order in which they were added, one a call', () => {
    const faults = faultsOf(
      { op: 'PutObject', action: 'drop-before' },
      { op: 'PutObject', action: 'delay', ms: 5 },
    );
    expect(faults.nextExchange('PutObject')?.action).toBe('drop-before');
    expect(faults.list().map(({ seen }) => seen)).toEqual([1, 0]);
    expect(faults.nextExchange('PutObject')).toMatchObject({ action: 'delay', ms: 5 });
  });

  it('keep faults of the exchange and faults inside a service apart', () => {
    const faults = faultsOf(
      { op: 'PutRecordBatch', action: 'fail-records', count: 3 },
      { op: 'PutRecordBatch', action: 'drop-after' },
    );
    expect(faults.nextExchange('PutRecordBatch')?.action).toBe('drop-after');
    expect(faults.next('PutRecordBatch')).toMatchObject({ action: 'fail-records', count: 3 });
  });

  it('tell what has fired, also after they were cleared', () => {
    const faults = faultsOf({ op: DELIVER, times: 2, action: 'duplicate-object' });
    faults.next(DELIVER);
    faults.next(DELIVER);
    faults.clear();
    expect(faults.fired()).toEqual({ 'Deliver duplicate-object': 2 });
    expect(faults.list()).toEqual([]);
  });

  it.each<[unknown, string]>([
    [{ op: 'PutObject', action: 'throtle' }, 'an unknown action'],
    [{ op: 'PutObject', action: 'throttle', skp: 1 }, 'an unknown setting'],
    [{ op: 'PutObject', action: 'throttle', times: 0 }, 'a rule that never fires'],
    [{ op: 'PutRecordBatch', action: 'refuse', code: 'NoSuchError' }, 'a code that AWS has not'],
    [{ op: 'PutRecordBatch', action: 'fail-records', share: 1.1 }, 'more than all'],
    [{ op: 'PutObject', action: 'fail-records', count: 1 }, 'an operation that never asks for it'],
    [{ op: DELIVER, action: 'throttle' }, 'a delivery, which is no exchange'],
    [{ action: 'throttle' }, 'no operation'],
    [null, 'no object'],
  ])('refuse %j: %s', (rule) => {
    expect(faultRuleSchema.safeParse(rule).success).toBe(false);
  });
});
