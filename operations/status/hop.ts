import type { Answer } from './readings.ts';

/** A figure of a hop, by its stable name. */
export type Figure = string | number | boolean | null | readonly string[];

/** One station of a dataset's way, as `careplus status --json` writes it. */
export interface Hop {
  readonly hop: string;
  /** Null where all datasets share it. */
  readonly dataset: string | null;
  readonly ok: boolean;
  /** What is wrong, in words; also when it did not answer. */
  readonly problem: string | null;
  readonly figures: Readonly<Record<string, Figure>>;
}

const HOUR_MS = 3_600_000;

/** A hop that did not answer. */
export function unanswered(hop: string, dataset: string | null, why: string): Hop {
  return { hop, dataset, ok: false, problem: `does not answer: ${why}`, figures: {} };
}

/** The hop of an answer, or of none. */
export function hopOf<T>(
  [hop, dataset]: readonly [string, string | null],
  answer: Answer<T>,
  read: (value: T) => {
    readonly figures: Readonly<Record<string, Figure>>;
    readonly problem?: string | undefined;
  },
): Hop {
  if (!answer.answers) return unanswered(hop, dataset, answer.why);
  const { figures, problem = null } = read(answer.value);
  return { hop, dataset, ok: problem === null, problem, figures };
}

/** Sum of a number of each value. */
export function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}

/** Whole seconds; a clock that is a little behind makes no negative age. */
export function seconds(ms: number): number {
  return Math.max(0, Math.round(ms / 1_000));
}

/** Hours with one decimal. */
export function hours(ms: number | null): number | null {
  return ms === null ? null : Math.round((ms / HOUR_MS) * 10) / 10;
}
