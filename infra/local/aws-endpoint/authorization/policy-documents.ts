import { z } from 'zod';

const texts = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());
const values = z.record(z.string(), texts);

/** Operators that the evaluation knows; another one is refused when the document is read. */
const conditionSchema = z.strictObject({
  StringEquals: values.optional(),
  StringEqualsIfExists: values.optional(),
  StringLike: values.optional(),
  StringLikeIfExists: values.optional(),
});

const statementSchema = z.strictObject({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: texts,
  Resource: texts,
  Condition: conditionSchema.optional(),
});

const documentSchema = z.strictObject({
  Version: z.literal('2012-10-17'),
  Statement: z.array(statementSchema),
});

const policiesSchema = z.record(z.string(), documentSchema);

export type PolicyStatement = z.output<typeof statementSchema>;
export type Conditions = z.output<typeof conditionSchema>;

/** Statements by the access key whose identity they are attached to. */
export type Policies = ReadonlyMap<string, readonly PolicyStatement[]>;

/**
 * Reads policy documents (IAM user guide, "IAM JSON policy reference") by access key id.
 *
 * @throws {z.ZodError} for what is no such document, or has an element that is not evaluated here.
 */
export function parsePolicies(value: unknown): Policies {
  const parsed = policiesSchema.parse(value);
  return new Map(Object.entries(parsed).map(([key, { Statement }]) => [key, Statement]));
}
