/** Writes docs/rules.md from the datasets' tables of rules: `node docs/generate-rules.ts`. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AnyDataset } from '../schemas/datasets/any-dataset.ts';
import { allDatasets } from '../schemas/datasets/registry.ts';
import { describeRule } from '../schemas/datasets/rule-description.ts';
import type { RuleExample } from '../schemas/datasets/rule-table.ts';
import { quarantineReasons } from '../schemas/quarantine-reasons.ts';

/** @returns the page: of every dataset the rules by field, and their examples. */
export function rulesPage(): string {
  const lines = [
    '# Rules',
    '',
    '<!-- Generated from schemas/datasets/*/rules.ts and rule-examples.ts by `node docs/generate-rules.ts`. -->',
    '',
    'What makes a row or a log entry count, what is mended on the way, and what is set aside. What breaks several rules names them all; it stays whole in quarantine until it is changed at the source or the rules are. Whoever changes a rule raises the version: `careplus replay` then tells what would move, and moves it with `--execute`.',
  ];
  for (const dataset of allDatasets) lines.push(...datasetLines(dataset));
  lines.push('', '## Reasons', '', '| reason | meaning |', '| --- | --- |');
  for (const [reason, meaning] of Object.entries(quarantineReasons)) {
    lines.push(row(reason, meaning));
  }
  return `${lines.join('\n')}\n`;
}

function datasetLines({ name, rulesVersion, rules, ruleExamples }: AnyDataset): string[] {
  const isLog = 'grammar' in rules;
  const lines = ['', `## ${name}, version ${rulesVersion}`, ''];
  lines.push(row('field', 'accepted', 'mended', 'quarantined as'));
  lines.push('| --- | --- | --- | --- |');
  if (isLog) lines.push(row('entry', rules.grammar, '', 'unparsable'));
  for (const rule of [...rules.fields, ...rules.orders]) {
    const { subject, accepted, mended, reasons } = describeRule(rule);
    lines.push(row(subject, accepted, mended, reasons.join(', ')));
  }
  const where = isLog
    ? 'an entry that is accepted without it, as it stands in the file'
    : 'a row that is accepted without it';
  lines.push('', `Examples, each in ${where}:`, '');
  lines.push(row('field', 'found', 'becomes', 'quarantined as'));
  lines.push('| --- | --- | --- | --- |');
  if ('entries' in ruleExamples) {
    for (const { text, parsable } of ruleExamples.entries) {
      lines.push(
        row('entry', literal(text), parsable ? 'an entry' : '', parsable ? '' : 'unparsable'),
      );
    }
  }
  const nothing = isLog ? 'left out' : 'NULL';
  for (const example of ruleExamples.examples) lines.push(exampleLine(example, nothing));
  return lines;
}

function exampleLine(example: RuleExample, nothing: string): string {
  const { field } = example;
  const found = example.found === null ? nothing : literal(example.found);
  return 'reason' in example
    ? row(field, found, '', example.reason)
    : row(field, found, literal(timeOr(example.becomes, field)), '');
}

/** Times are kept in milliseconds; a person reads them better in ISO 8601. */
function timeOr(value: string | number | null, field: string): string | number | null {
  return typeof value === 'number' && field.endsWith('_at') ? new Date(value).toISOString() : value;
}

function literal(value: string | number | null): string {
  return value === null ? 'NULL' : `\`${JSON.stringify(value)}\``;
}

/** A bar would end the cell, in code as well (GitHub Flavored Markdown, "Tables"). */
function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

if (import.meta.main) writeFileSync(path.join(import.meta.dirname, 'rules.md'), rulesPage());
