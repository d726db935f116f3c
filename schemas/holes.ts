import { z } from 'zod';

/** Numbers of one epoch that the warehouse waits for, both ends included. */
const numberHoleSchema = z.object({
  source: z.string(),
  epoch: z.number().int(),
  from: z.number().int(),
  to: z.number().int(),
});
export type NumberHole = z.infer<typeof numberHoleSchema>;

/**
 * What the loader says of a table's missing numbers, in the object `holesKey` of the lake: it is
 * overwritten when a frontier has stood for longer than objects may be late, and when none does.
 */
export const numberHolesSchema = z.object({ holes: z.array(numberHoleSchema) });
