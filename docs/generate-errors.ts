/** Writes docs/errors.md from schemas/error-codes.ts: `node docs/generate-errors.ts`. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { errorCodes } from '../schemas/error-codes.ts';

const areas: Readonly<Record<string, string>> = {
  CDC: 'Reading the source',
  LOG: 'Log files',
  KFK: 'Kafka',
  LAKE: 'Firehose and the lake',
  WH: 'Warehouse',
  CFG: 'Configuration and the local stack',
};

/** @returns the page: every code with its cause and its remedy, by area. */
export function errorsPage(): string {
  const lines = [
    '# Error codes',
    '',
    '<!-- Generated from schemas/error-codes.ts by `node docs/generate-errors.ts`. -->',
  ];
  for (const [prefix, title] of Object.entries(areas)) {
    const codes = Object.entries(errorCodes).filter(([code]) => code.startsWith(`${prefix}_`));
    lines.push('', `## ${title}`, '', '| code | cause | what to do |', '| --- | --- | --- |');
    for (const [code, { cause, remedy }] of codes) lines.push(`| ${code} | ${cause} | ${remedy} |`);
  }
  return `${lines.join('\n')}\n`;
}

if (import.meta.main) writeFileSync(path.join(import.meta.dirname, 'errors.md'), errorsPage());
