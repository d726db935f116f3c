/** Writes docs/rules.md from the datasets' tables of rules: `node docs/generate-rules.ts`. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TableDataset } from '../schemas/datasets/dataset.ts';
import { tableDatasets } from '../schemas/datasets/registry.ts';
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
    'What makes a row count, what is mended on the way, and what is set aside. A row that breaks several rules names them all; it stays whole in quarantine until it is changed at the source or the rules are.',
  ];
  for (const dataset of tableDatasets) lines.push(...datasetLines(dataset));
  lines.push('', '## Reasons', '', '| reason | meaning |', '| --- | --- |');
  for (const [reason, meaning] of Object.entries(quarantineReasons)) {
    lines.push(`| ${reason} | ${meaning} |`);
  }
  return `${lines.join('\n')}\n`;
}

function datasetLines({ name, rulesVersion, rules, ruleExamples }: TableDataset): string[] {
  const lines = ['', `## ${name}, version ${rulesVersion}`, ''];
  lines.push('| field | accepted | mended | quarantined as |', '| --- | --- | --- | --- |');
  for (const rule of [...rules.fields, ...rules.orders]) {
    const { subject, accepted, mended, reasons } = describeRule(rule);
    lines.push(`| ${subject} | ${accepted} | ${mended} | ${reasons.join(', ')} |`);
  }
  lines.push('', 'Examples, each in a row that is accepted without it:', '');
  lines.push('| field | found | becomes | quarantined as |', '| --- | --- | --- | --- |');
  for (const example of ruleExamples.examples) lines.push(exampleLine(example));
  return lines;
}

function exampleLine(example: RuleExample): string {
  const { field, found } = example;
  const outcome =
    'reason' in example ? ` | ${example.reason}` : `${literal(timeOr(example.becomes, field))} | `;
  return `| ${field} | ${literal(found)} | ${outcome} |`;
}

/** Times are kept in milliseconds; a person reads them better in ISO 8601. */
function timeOr(value: string | number | null, field: string): string | number | null {
  return typeof value === 'number' && field.endsWith('_at') ? new Date(value).toISOString() : value;
}

function literal(value: string | number | null): string {
  return value === null ? 'NULL' : `\`${JSON.stringify(value)}\``;
}

if (import.meta.main) writeFileSync(path.join(import.meta.dirname, 'rules.md'), rulesPage());
