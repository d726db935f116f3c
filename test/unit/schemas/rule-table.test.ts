import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { rulesPage } from '../../../docs/generate-rules.ts';
import { tableDatasets } from '../../../schemas/datasets/registry.ts';
import { compileRules, reasonsOf, type RuleExample } from '../../../schemas/datasets/rule-table.ts';

describe.each(tableDatasets)('the rules of $name', ({ rules, ruleExamples, judge, mapping }) => {
  const { row, examples } = ruleExamples;
  const of = (field: string) => examples.filter((example) => example.field === field);
  const reasonOf = (example: RuleExample) => ('reason' in example ? example.reason : undefined);

  it('accept the row in which the examples stand', () => {
    expect(judge(row)).toMatchObject({ accepted: true });
  });

  it.each(examples)('judge $field = $found as the example says', (example) => {
    const verdict = judge({ ...row, [example.field]: example.found });
    if ('reason' in example) {
      expect(verdict).toEqual({
        accepted: false,
        reasons: [`${example.field}:${example.reason}`],
      });
    } else {
      expect(verdict).toMatchObject({
        accepted: true,
        clean: { [example.field]: example.becomes },
      });
    }
  });

  it('judge every mapped field, and no other', () => {
    expect(rules.fields.map(({ field }) => field)).toEqual(mapping.map(({ field }) => field));
  });

  it.each(rules.fields)('show $field accepted, and refused for each reason', (rule) => {
    const reasons = new Set(of(rule.field).map(reasonOf));
    expect(reasons).toContain(undefined);
    for (const reason of reasonsOf(rule)) expect(reasons).toContain(reason);
    const found = new Set(of(rule.field).map((example) => example.found));
    if (rule.kind !== 'word') return;
    for (const text of [...rule.words, ...Object.keys(rule.mended)]) expect(found).toContain(text);
  });

  it.each(rules.orders)('show $later against $earlier, accepted and refused', (rule) => {
    const reasons = of(rule.later).map(reasonOf);
    expect(reasons).toContain(undefined);
    expect(reasons).toContain(rule.reason);
  });
});

describe('a table of rules', () => {
  const judge = compileRules({
    fields: [
      { field: 'opened', kind: 'time' },
      { field: 'closed', kind: 'time', whenNull: 'open' },
      { field: 'kind', kind: 'word', words: ['A'], mended: { a: 'A' } },
    ],
    orders: [{ earlier: 'opened', later: 'closed', reason: 'before-created' }],
  });

  it('names all reasons in the order of the table', () => {
    expect(judge({ opened: 'x', closed: '', kind: 'B' })).toEqual({
      accepted: false,
      reasons: ['opened:impossible-date', 'closed:missing', 'kind:unknown-value'],
    });
  });

  it('compares two times only where both could be read', () => {
    expect(judge({ opened: '2025-01-02 00:00', closed: '2025-01-01 00:00', kind: 'a' })).toEqual({
      accepted: false,
      reasons: ['closed:before-created'],
    });
    expect(judge({ opened: '2025-01-02 00:00', closed: null, kind: 'a' })).toMatchObject({
      accepted: true,
      clean: { closed: null, kind: 'A' },
    });
  });
});

describe('docs/rules.md', () => {
  it('tells the rules as they are in the code', () => {
    const file = path.resolve(import.meta.dirname, '../../../docs/rules.md');
    expect(readFileSync(file, 'utf8')).toBe(rulesPage());
  });
});
