import type { ReplaySource } from '../../stream-processors/replay/replay-source.ts';
import type { Output } from '../cli/output.ts';
import type { FilledHoles } from './fill-holes.ts';
import type { ReplayDiff } from './replay-diff.ts';

/** Writes which offsets a replay reads. */
export function tellRange({ ranges }: ReplaySource, output: Output): void {
  for (const [partition, { start, end }] of ranges) {
    if (start < end) output.note(`partition ${partition}: offsets ${start} to ${end}`);
  }
}

/** Writes what a dry run has found. */
export function tellDiff(diff: ReplayDiff, rows: number, output: Output): void {
  const { changes, figures, not_in_warehouse: absent, unchanged } = diff;
  output.text(`${rows} lake rows by the current rules; a dry run, --execute sends them`);
  output.text(`  ${unchanged} stay as they are`);
  if (absent > 0) output.text(`  ${absent} are not in the warehouse yet`);
  for (const { change, what, rows: count, events, examples } of changes) {
    const all = events > count ? `, ${events} with history and repeats` : '';
    output.text(`  ${count} change: ${change} (${what})${all}, such as ${examples.join(', ')}`);
  }
  if (changes.length === 0) return;
  const sums = Object.entries(figures.sums).map(([name, sum]) => `, sum of ${name} ${signed(sum)}`);
  output.text(
    `  figures: shown ${signed(figures.shown)}, quarantined ${signed(figures.quarantined)}${sums.join('')}`,
  );
}

/** Writes what is missing and what of it was found. */
export function tellHoles({ holes, rows }: FilledHoles, executed: boolean, output: Output): void {
  if (holes.length === 0) output.text('the warehouse misses nothing below what has arrived');
  for (const { line, from, to, unfillable } of holes) {
    const rest = unfillable > 0 ? `, ${unfillable} of them unfillable` : '';
    output.text(`  ${from} to ${to} of ${line} are missing${rest}`);
  }
  if (holes.length === 0) return;
  output.text(
    executed ? `${rows} rows sent again` : `${rows} rows found; a dry run, --execute sends them`,
  );
}

function signed(change: number): string {
  return change > 0 ? `+${change}` : String(change);
}
