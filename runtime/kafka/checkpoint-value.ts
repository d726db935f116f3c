import { errorText, PipelineError } from '../pipeline-error.ts';

/** Where a checkpoint stands. */
export interface CheckpointPlace {
  readonly topic: string;
  readonly key: string;
  /** In the topic's only partition. */
  readonly offset: string;
}

/**
 * Reads the value of a checkpoint's record.
 *
 * @param parse throws for what is no checkpoint.
 * @throws {PipelineError} KFK_3003, which tells the place, for a value that is none.
 */
export function parseCheckpoint<T>(
  { topic, key, offset }: CheckpointPlace,
  value: Buffer,
  parse: (json: unknown) => T,
): T {
  try {
    return parse(JSON.parse(value.toString('utf8')));
  } catch (cause) {
    throw new PipelineError(
      'KFK_3003',
      `the record of ${topic} at offset ${offset} is no checkpoint of ${key}: ${errorText(cause)}`,
      { cause, context: { topic, key, offset } },
    );
  }
}
