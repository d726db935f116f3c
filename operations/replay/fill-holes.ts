import type { DataApi } from '../../runtime/redshift/data-api.ts';
import type { AnyDataset } from '../../schemas/datasets/any-dataset.ts';
import { lineOf, type NumberRange } from '../../schemas/holes.ts';
import { processorGroup } from '../../schemas/topics.ts';
import type { LakeRow } from '../../stream-processors/batch-processor.ts';
import { archiveBackwards, topicBackwards } from '../../stream-processors/replay/hole-sources.ts';
import { createMissingNumbers } from '../../stream-processors/replay/missing-numbers.ts';
import { sendAgain } from '../../stream-processors/replay/send-again.ts';
import { planOf } from '../../warehouse-loader/load-plan.ts';
import type { ReplayParts } from './replay-parts.ts';

/** A hole, and how many of its numbers are nowhere. */
interface FoundHole extends NumberRange {
  readonly unfillable: number;
}

export interface FilledHoles {
  readonly holes: readonly FoundHole[];
  /** Rows that were found. */
  readonly rows: number;
}

/**
 * Looks in topic and archive for the numbers that the warehouse waits for, as the archiver does by
 * itself.
 *
 * @param sink takes what is found.
 */
export async function fillHoles(options: {
  readonly api: DataApi;
  readonly parts: ReplayParts;
  readonly dataset: AnyDataset;
  readonly sink: (rows: readonly LakeRow[], signal: AbortSignal) => Promise<void>;
  readonly recordsPerSecond?: number | undefined;
  readonly signal: AbortSignal;
}): Promise<FilledHoles> {
  const { api, parts, dataset, sink, recordsPerSecond, signal } = options;
  const { kafka, admin, bucket, processing } = parts;
  const plan = planOf(dataset);
  const { rows: found } = await api.query(plan.holesQuery, { signal });
  const holes = found.map((row) => ({
    line: lineOf(plan.holePlace(row)),
    from: Number(row['missing_from']),
    to: Number(row['missing_to']),
  }));
  const missing = createMissingNumbers(holes);
  const topic = dataset.topic.name;
  const sources = [
    (during: AbortSignal) =>
      topicBackwards({ kafka, admin, topic }, processorGroup(dataset), during),
    (during: AbortSignal) => archiveBackwards(bucket, dataset, topic, during),
  ];
  const rows = await sendAgain(missing, { processing, sink, sources, recordsPerSecond }, signal);
  return { holes: holes.map((hole) => ({ ...hole, unfillable: missing.within(hole) })), rows };
}
