import { quarantineReasons } from '../../../schemas/quarantine-reasons.ts';

/** One reason of a quarantined row, in words. */
export interface ReasonMeaning {
  /** Null when the reason is about the whole row. */
  readonly field: string | null;
  readonly reason: string;
  readonly sentence: string;
}

/** Explains a list of reasons as the warehouse holds it: `field:reason`, comma-separated. */
export function explainReasons(reasons: string): readonly ReasonMeaning[] {
  return reasons
    .split(',')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const colon = entry.lastIndexOf(':');
      const reason = entry.slice(colon + 1);
      return {
        field: colon < 0 ? null : entry.slice(0, colon),
        reason,
        sentence: sentenceOf(reason),
      };
    });
}

/** How many rows are set aside for one list of reasons, and what it means. */
export interface CountedReasons {
  readonly reasons: string;
  readonly count: number;
  readonly meaning: readonly ReasonMeaning[];
}

export function explainCounts(
  counts: readonly { readonly reasons: string; readonly count: number }[],
): readonly CountedReasons[] {
  return counts.map((each) => ({ ...each, meaning: explainReasons(each.reasons) }));
}

function sentenceOf(reason: string): string {
  return Object.hasOwn(quarantineReasons, reason)
    ? quarantineReasons[reason as keyof typeof quarantineReasons]
    : 'A reason that this version of the page does not know.';
}
