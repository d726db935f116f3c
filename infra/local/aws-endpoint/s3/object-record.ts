import { z } from 'zod';

/** What is kept beside an object's bytes; written last, it is what makes the object exist. */
export const objectRecordSchema = z.strictObject({
  key: z.string(),
  /** Name of the file in the bucket's `objects` folder. */
  file: z.string(),
  size: z.number().int().nonnegative(),
  /** Without quotation marks. */
  etag: z.string(),
  lastModifiedMs: z.number(),
  /** Base64; of a multipart object the composite one, `<base64>-<parts>`. */
  crc32: z.string(),
  /** Headers given with the object that come back with it: content type and the like, user metadata. */
  headers: z.record(z.string(), z.string()),
});

export type ObjectRecord = z.infer<typeof objectRecordSchema>;
