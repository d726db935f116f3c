import { alignedTable } from '../cli/aligned-table.ts';
import type { Status } from './assessment.ts';
import type { Figure, Hop } from './hop.ts';

/** A status as one screen of text: a line a hop, the quarantine, and what is wrong. */
export function statusLines({ ok, hops, quarantine, problems }: Status): string[] {
  const rows = hops.map((hop) => [
    hop.ok ? 'ok' : '!!',
    hop.hop,
    hop.dataset ?? '',
    Object.keys(hop.figures).length === 0 ? (hop.problem ?? '') : figuresText(hop),
  ]);
  const set = quarantine.map(({ dataset, reasons, count }) => `${count} ${dataset} ${reasons}`);
  return [
    ...alignedTable(['', 'hop', 'dataset', 'position'], rows),
    `in quarantine: ${set.join(', ') || 'nothing'}`,
    ...problems.map((problem) => `wrong: ${problem}`),
    ok
      ? 'all is well'
      : `${problems.length} ${problems.length === 1 ? 'thing is' : 'things are'} wrong`,
  ];
}

/** `name value` pairs; what is not known or empty is left out. */
function figuresText({ figures }: Hop): string {
  return Object.entries(figures)
    .filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => `${words(name)} ${text(value)}${unit(name)}`)
    .join(', ');
}

function words(name: string): string {
  return name.replace(/_(seconds|hours|at)$/, '').replaceAll('_', ' ');
}

function unit(name: string): string {
  return name.endsWith('_seconds') ? ' s' : name.endsWith('_hours') ? ' h' : '';
}

function text(value: Figure): string {
  if (Array.isArray(value)) return value.join('; ');
  return String(value);
}
