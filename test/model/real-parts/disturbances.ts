import fc from 'fast-check';
import type { FaultRuleInput } from '../../../infra/local/aws-endpoint/faults.ts';
import type { AnyDataset } from '../../../schemas/datasets/any-dataset.ts';
import {
  COPY_STEP,
  loadStatements,
  takeOverStatements,
} from '../../../warehouse-loader/load-statements.ts';
import type { KillPoint } from './kill-point.ts';

/** What goes wrong while a round of objects is loaded. */
export type Disturbance =
  | { readonly do: 'nothing' }
  /** The loader dies and is started again. */
  | { readonly do: 'kill'; readonly point: KillPoint }
  /** A second loader takes over while the first goes on: before the objects come, or meanwhile. */
  | { readonly do: 'rival'; readonly first: boolean; readonly kill: KillPoint | undefined }
  /** A second loader with the same token: only the lock keeps them apart. */
  | { readonly do: 'twin'; readonly kill: KillPoint | undefined }
  /** The endpoint answers wrong, late or not at all. */
  | { readonly do: 'fault'; readonly rule: FaultRuleInput }
  /** The endpoint dies behind the commit of a batch. */
  | { readonly do: 'endpoint crash' }
  /** An object that is no Parquet file stands among the others. */
  | { readonly do: 'poison' }
  /** An object whose name Firehose never gives stands among the others. */
  | { readonly do: 'foreign' };

/** One round: its objects and what goes wrong meanwhile. */
export interface Round {
  readonly disturbance: Disturbance;
  /** Into how many objects its rows are split. */
  readonly objects: number;
  /** Names that sort far before those that are known. */
  readonly late: boolean;
  /** Whether all of it is loaded before the next round begins. */
  readonly settle: boolean;
}

const killPoint: fc.Arbitrary<KillPoint> = fc.record({
  call: fc.integer({ min: 1, max: 8 }),
  moment: fc.constantFrom('before' as const, 'during' as const, 'after' as const),
});
const perhapsKilled = fc.option(killPoint, { nil: undefined });

const httpFault: fc.Arbitrary<FaultRuleInput> = fc.record({
  op: fc.constantFrom(
    'BatchExecuteStatement',
    'ExecuteStatement',
    'GetStatementResult',
    'ListStatements',
    'ListObjectsV2',
  ),
  action: fc.constantFrom('drop-before' as const, 'drop-after' as const, 'error' as const),
  skip: fc.nat({ max: 2 }),
  // From the third one on the loader itself has to go on.
  times: fc.integer({ min: 1, max: 4 }),
});

/** Of the loader's own objects: the manifest, what it announces, what is missing. */
const putFault: fc.Arbitrary<FaultRuleInput> = fc.record({
  op: fc.constant('PutObject'),
  match: fc.constant('/_loader/'),
  action: fc.constantFrom('drop-before' as const, 'drop-after' as const, 'error' as const),
  skip: fc.nat({ max: 2 }),
  times: fc.integer({ min: 1, max: 4 }),
});

const CONFLICT = 'ERROR: 1023 DETAIL: Serializable isolation violation on table';

/** At any step of a batch, or of a take-over as far as a loader survives it. */
function statementFault(dataset: AnyDataset): fc.Arbitrary<FaultRuleInput> {
  const batch = { dataset, batchId: 'b', objects: [] };
  const target = { token: 't', manifestUrl: 's3://b/m', copyRoleArn: 'arn:aws:iam::1:role/c' };
  const heads = (statements: readonly { readonly sql: string }[]) =>
    statements.map(({ sql }) => sql.slice(0, 40));
  const ofBatch = loadStatements(batch, target);
  const ofBatchButCopy = heads(ofBatch.filter(({ step }) => step !== COPY_STEP));
  const anywhere = heads([...ofBatch, ...takeOverStatements(dataset, 't')]);
  const op = fc.constant('BatchExecuteStatement');
  return fc.oneof(
    fc.record({
      ...{ op, match: fc.constantFrom(...ofBatchButCopy) },
      action: fc.constant('failed-statement' as const),
      message: fc.constant('ERROR: disk full'),
    }),
    fc.record({
      ...{ op, match: fc.constantFrom(...anywhere) },
      action: fc.constant('failed-statement' as const),
      message: fc.constant(CONFLICT),
      times: fc.integer({ min: 1, max: 3 }),
    }),
    fc.record({
      ...{ op, match: fc.constantFrom(...anywhere) },
      action: fc.constant('aborted-statement' as const),
    }),
    fc.record({
      ...{ op, match: fc.constantFrom(...anywhere) },
      action: fc.constant('slow-statement' as const),
      ms: fc.integer({ min: 5, max: 100 }),
    }),
  );
}

/** By kind, so that each kind comes in every play that is long enough. */
function disturbancesOf(dataset: AnyDataset): Record<Disturbance['do'], fc.Arbitrary<Disturbance>> {
  const rule = fc.oneof(httpFault, putFault, statementFault(dataset));
  return {
    nothing: fc.constant({ do: 'nothing' }),
    kill: fc.record({ do: fc.constant('kill' as const), point: killPoint }),
    rival: fc.record({
      do: fc.constant('rival' as const),
      first: fc.boolean(),
      kill: perhapsKilled,
    }),
    twin: fc.record({ do: fc.constant('twin' as const), kill: perhapsKilled }),
    fault: fc.record({ do: fc.constant('fault' as const), rule }),
    'endpoint crash': fc.constant({ do: 'endpoint crash' }),
    poison: fc.constant({ do: 'poison' }),
    foreign: fc.constant({ do: 'foreign' }),
  };
}

/** What goes wrong in the rounds of a play, one of them after the other in any order. */
export const everyDisturbance: readonly Disturbance['do'][] = [
  ...(['nothing', 'kill', 'kill', 'rival', 'rival', 'twin', 'twin'] as const),
  ...(['fault', 'fault', 'fault', 'poison', 'foreign', 'endpoint crash'] as const),
];

/** @param kinds what goes wrong in each round of a cycle, in any order. */
export function roundsOf(
  dataset: AnyDataset,
  kinds: readonly Disturbance['do'][],
): fc.Arbitrary<readonly Round[]> {
  const arbitraries = disturbancesOf(dataset);
  const round = (kind: Disturbance['do']) =>
    fc.record({
      disturbance: arbitraries[kind],
      objects: fc.integer({ min: 1, max: 3 }),
      late: fc.integer({ min: 0, max: 9 }).map((die) => die === 0),
      settle: fc.integer({ min: 0, max: 3 }).map((die) => die > 0),
    });
  return fc
    .shuffledSubarray([...kinds], { minLength: kinds.length })
    .chain((order) => fc.tuple(...order.map(round)));
}
