import { z } from 'zod';

/**
 * The version of a format that outlives the program: checkpoints, the configuration, what the
 * loader announces. It is raised when an older program would misread what is written; a program
 * that meets another one than it knows refuses it in words, for a newer one has been here.
 *
 * Formats of others have none: the COPY manifest is Amazon Redshift's, Avro's is the fingerprint.
 */
export function formatVersion<V extends number>(known: V) {
  return z.literal(known, {
    error: ({ input }) =>
      `this program reads version ${known}, found ${input === undefined ? 'none' : JSON.stringify(input)}`,
  });
}

/** Version of what the loader says in the lake. */
export const ANNOUNCEMENT_VERSION = 1;

/** Of a reader of it: the first loaders wrote none. */
export const announcementVersion = formatVersion(ANNOUNCEMENT_VERSION).optional();
