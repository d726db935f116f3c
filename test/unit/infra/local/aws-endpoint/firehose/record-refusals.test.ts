import { describe, expect, it } from 'vitest';
import { faultRuleSchema } from '../../../../../../infra/local/aws-endpoint/faults.ts';
import { RecordRefusals } from '../../../../../../infra/local/aws-endpoint/firehose/record-refusals.ts';

function ruleOf(settings: object) {
  const rule = faultRuleSchema.parse({ op: 'PutRecordBatch', action: 'fail-records', ...settings });
  if (rule.action !== 'fail-records') throw new Error('another action');
  return rule;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const calls = (count: number) => Array.from({ length: count }, (_, index) => base64(`${index}`));

describe('the records that a rule refuses', () => {
  it('are those of its places', () => {
    const refused = new RecordRefusals().of(ruleOf({ first: 2, count: 2 }), calls(6));
    expect([...refused]).toEqual([2, 3]);
  });

  it('are those that hold its text, in whatever bytes base64 cuts it', () => {
    const records = ['poison', 'xpoison', 'xxpoison', 'pois', 'on'].map(base64);
    const refused = new RecordRefusals().of(ruleOf({ containing: 'poison' }), records);
    expect([...refused]).toEqual([0, 1, 2]);
  });

  it.each([0, 0.1, 0.3, 0.9, 1])(
    'are a share of %d, in large calls and in single ones',
    (share) => {
      const rule = ruleOf({ share });
      for (const size of [1, 500]) {
        const refusals = new RecordRefusals();
        let refused = 0;
        for (let asked = 0; asked < 10_000; asked += size) {
          refused += [...refusals.of(rule, calls(size))].length;
        }
        expect(refused / 10_000).toBeCloseTo(share, 2);
      }
    },
  );

  it('are the same for the same calls', () => {
    const rule = ruleOf({ share: 0.3 });
    const [one, other] = [new RecordRefusals(), new RecordRefusals()];
    expect([...one.of(rule, calls(100))]).toEqual([...other.of(rule, calls(100))]);
  });
});
