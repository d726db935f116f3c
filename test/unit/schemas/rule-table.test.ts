import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { rulesPage } from '../../../docs/generate-rules.ts';
import { isTableDataset, type AnyDataset } from '../../../schemas/datasets/any-dataset.ts';
import { reasonsOf } from '../../../schemas/datasets/field-rules.ts';
import { allDatasets, logDatasets } from '../../../schemas/datasets/registry.ts';
import { describeRule } from '../../../schemas/datasets/rule-description.ts';
import { compileRules, type RuleExample } from '../../../schemas/datasets/rule-table.ts';
import type { RawImage, Verdict } from '../../../schemas/datasets/verdict.ts';

/** Judges a row of texts by column: a table's as it is, a log's as an entry that holds them. */
function judgeRow(dataset: AnyDataset, row: RawImage): Verdict {
  if (isTableDataset(dataset)) return dataset.judge(row);
  return dataset.judge(dataset.ruleExamples.write(row));
}

describe.each(allDatasets)('the rules of $name', (dataset) => {
  const { rules, ruleExamples } = dataset;
  const { row, examples } = ruleExamples;
  const of = (field: string) => examples.filter((example) => example.field === field);
  const reasonOf = (example: RuleExample) => ('reason' in example ? example.reason : undefined);

  it('accept the row in which the examples stand', () => {
    expect(judgeRow(dataset, row)).toMatchObject({ accepted: true });
  });

  it.each(examples)('judge $field = $found as the example says', (example) => {
    const verdict = judgeRow(dataset, { ...row, [example.field]: example.found });
    if ('reason' in example) {
      const { field, reason } = example;
      const subject = reason === 'unparsable' ? 'entry' : field;
      expect(verdict).toEqual({ accepted: false, reasons: [`${subject}:${reason}`] });
    } else {
      expect(verdict).toMatchObject({
        accepted: true,
        clean: { [example.field]: example.becomes },
      });
    }
  });

  it('judge every field that is kept, and no other', () => {
    const fields = rules.fields.map(({ field }) => field);
    if (isTableDataset(dataset)) expect(fields).toEqual(dataset.mapping.map((each) => each.field));
    expect(fields).toEqual(dataset.cleanColumns.map(({ name }) => name));
  });

  it.each([...rules.fields])('show $field accepted, and refused for each reason', (rule) => {
    const reasons = new Set(of(rule.field).map(reasonOf));
    expect(reasons).toContain(undefined);
    expect(reasons.size).toBeGreaterThan(1);
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

describe.each(logDatasets)('the grammar of $name', ({ judge, ruleExamples: { entries } }) => {
  it.each(entries)('takes $text: $parsable', ({ text, parsable }) => {
    const verdict = judge(text);
    const isUnparsable = !verdict.accepted && verdict.reasons.includes('entry:unparsable');
    expect(isUnparsable).toBe(!parsable);
  });

  it('is shown taken and refused', () => {
    expect(new Set(entries.map(({ parsable }) => parsable))).toEqual(new Set([true, false]));
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

describe('a field of a format of its own', () => {
  const seconds = {
    field: 'at',
    kind: 'time',
    notation: {
      looks: '`@SECONDS`',
      parse: (text: string) => (/^@\d+$/.test(text) ? Number(text.slice(1)) * 1_000 : undefined),
    },
  } as const;
  const size = { field: 'size', kind: 'count', whenNull: 'no body' } as const;
  const code = {
    field: 'code',
    kind: 'own',
    accepts: 'an x',
    reasons: ['unknown-value'],
    read: (found: string | null | undefined) =>
      found === 'x' ? { value: 1 } : ({ reason: 'unknown-value' } as const),
  } as const;
  const judge = compileRules({ fields: [seconds, size, code], orders: [] });

  it('is read as its rule says', () => {
    expect(judge({ at: '@7', size: null, code: 'x' })).toEqual({
      accepted: true,
      clean: { at: 7_000, size: null, code: 1 },
    });
    expect(judge({ at: '2025-01-01 00:00', size: '', code: null })).toEqual({
      accepted: false,
      reasons: ['at:impossible-date', 'size:missing', 'code:unknown-value'],
    });
  });

  it('is told as its rule says', () => {
    const accepted = [seconds, size, code].map((rule) => describeRule(rule).accepted);
    expect(accepted[0]).toBe('a date and time that exists, `@SECONDS`');
    expect(accepted[1]).toMatch(/NULL: no body$/);
    expect(accepted[2]).toBe('an x');
  });

  it('is set aside for what can be wrong with it', () => {
    expect(reasonsOf(code)).toEqual(['unknown-value']);
    expect(reasonsOf({ ...code, text: 'code' })).toEqual(['unknown-value', 'repeated-field']);
    expect(reasonsOf({ ...code, text: 'code', once: true })).toEqual(['unknown-value']);
    expect(reasonsOf({ ...code, text: 'code', head: true })).toEqual([
      'unparsable',
      'unknown-value',
    ]);
  });
});

describe('docs/rules.md', () => {
  it('tells the rules as they are in the code', () => {
    const file = path.resolve(import.meta.dirname, '../../../docs/rules.md');
    expect(readFileSync(file, 'utf8')).toBe(rulesPage());
  });
});
