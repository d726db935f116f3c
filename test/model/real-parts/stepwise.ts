import type { AnyDataset } from '../../../schemas/datasets/any-dataset.ts';
import { loadStatements } from '../../../warehouse-loader/load-statements.ts';
import type { Mutation } from '../mutations.ts';

const LEFT_OUT = 'SELECT 1 AS left_out';

/**
 * Plants a fault in the statements that a loader sends: all of a batch, told apart by their number.
 * What is left out becomes a statement without effect, so that the report keeps its place.
 */
export function stepwise(
  dataset: AnyDataset,
  mutation: Mutation,
): (sqls: readonly string[]) => readonly string[] {
  const target = { token: 't', manifestUrl: 's3://b/m', copyRoleArn: 'arn:aws:iam::1:role/c' };
  const steps = loadStatements({ dataset, batchId: 'b', objects: [] }, target).map(
    ({ step }) => step,
  );
  return (sqls) => {
    if (sqls.length !== steps.length) return sqls;
    const statements = steps.map((step, index) => ({ step, sql: sqls[index] ?? '' }));
    const mutated = new Map(mutation(statements).map(({ step, sql }) => [step, sql]));
    return steps.map((step) => mutated.get(step) ?? LEFT_OUT);
  };
}
