import type { Conditions, PolicyStatement } from './policy-documents.ts';

/** What a request wants to do. */
export interface Access {
  /** Such as `s3:PutObject`. */
  readonly action: string;
  /** ARN, or `*` for an action that knows no resource. */
  readonly resource: string;
  /** Condition keys of the request, such as `s3:prefix`. */
  readonly context?: Readonly<Record<string, string>>;
}

/**
 * Whether identity-based policies allow it: some statement does, and none denies it.
 * Rules: IAM user guide, "Policy evaluation logic".
 */
export function isAllowed(statements: readonly PolicyStatement[], access: Access): boolean {
  const applying = statements.filter((statement) => applies(statement, access));
  return (
    applying.some(({ Effect }) => Effect === 'Allow') &&
    applying.every(({ Effect }) => Effect === 'Allow')
  );
}

function applies(
  { Action, Resource, Condition = {} }: PolicyStatement,
  { action, resource, context = {} }: Access,
): boolean {
  return (
    Action.some((pattern) => isLike(action.toLowerCase(), pattern.toLowerCase())) &&
    Resource.some((pattern) => isLike(resource, withVariables(pattern, context))) &&
    holds(Condition, context)
  );
}

type Operator = keyof Conditions;

const comparisons: Readonly<Record<Operator, (value: string, wanted: string) => boolean>> = {
  StringEquals: (value, wanted) => value === wanted,
  StringEqualsIfExists: (value, wanted) => value === wanted,
  StringLike: isLike,
  StringLikeIfExists: isLike,
};

/** Every operator and every key of it must hold; of a key's values one is enough. */
function holds(conditions: Conditions, context: Readonly<Record<string, string>>): boolean {
  return (Object.keys(comparisons) as Operator[]).every((operator) =>
    Object.entries(conditions[operator] ?? {}).every(([key, wanted]) => {
      const value = context[key];
      if (value === undefined) return operator.endsWith('IfExists');
      return wanted.some((each) => comparisons[operator](value, withVariables(each, context)));
    }),
  );
}

/** `${aws:userid}` and its like; one that the request does not have matches nothing. */
function withVariables(text: string, context: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{([^}]+)\}/g, (whole, key: string) => context[key] ?? whole);
}

/** `*` stands for any characters, `?` for one. */
function isLike(value: string, pattern: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(value);
}
