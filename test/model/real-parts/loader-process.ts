import { S3Client } from '@aws-sdk/client-s3';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { createProgress } from '../../../runtime/daemon/progress.ts';
import { PipelineError } from '../../../runtime/pipeline-error.ts';
import { StatementFailedError } from '../../../runtime/redshift/data-api-errors.ts';
import { createDataApi, type Batch, type DataApi } from '../../../runtime/redshift/data-api.ts';
import type { AnyDataset } from '../../../schemas/datasets/any-dataset.ts';
import type { Clock } from '../../../warehouse-loader/clock.ts';
import { createDatasetLoader } from '../../../warehouse-loader/dataset-loader.ts';
import { createLoaderMetrics } from '../../../warehouse-loader/loader-metrics.ts';
import { loadName } from '../../../warehouse-loader/take-over.ts';
import { credentials } from '../../integration/warehouse/lake-servers.ts';
import { createLife, type KillPoint } from './kill-point.ts';

/** Why a process ended: as it was told, by a kill, or with 75 because another took over. */
type End = 'stopped' | 'killed' | 'fenced';

/**
 * The loader of one dataset as a process would run it (warehouse-loader/main.ts), with its own AWS
 * clients, in this process: it can be killed at any of its calls, as by SIGKILL. What it has sent
 * by then goes on without it.
 */
export interface LoaderProcess {
  readonly token: string;
  readonly isAlive: boolean;
  readonly isSuperseded: boolean;
  /** Settles when it is the dataset's loader, or when it has ended before. */
  readonly started: Promise<unknown>;
  /** Rejects with a fault that no kill, stop or successor explains. */
  readonly ended: Promise<End>;
  kill(): void;
  killAt(point: KillPoint, random: () => number): void;
  /** SIGTERM: finishes the batch in flight. */
  stop(): void;
  /** Another loader has taken over: from now on nothing that this one begins may be committed. */
  supersede(): void;
}

export interface LoaderProcessOptions {
  readonly url: string;
  readonly bucket: string;
  readonly dataset: AnyDataset;
  readonly token: string;
  /** Makes its client tokens differ from those of a twin with the same token. */
  readonly suffix: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly mutate: (statements: readonly string[]) => readonly string[];
  /** It sends a batch under a client token, again perhaps. */
  readonly onSend: (batchId: string, clientToken: string) => void;
  /** It is the dataset's loader now. */
  readonly onTakeOver: () => void;
  /** After each of its transactions, before it goes on: what it has committed is to be seen. */
  readonly onTransaction: () => Promise<void>;
  /** It has committed what it began after it had been superseded. */
  readonly onStaleWrite: () => void;
  /** What no retry will cure: a batch that fails at its own checks. */
  readonly onFault: (fault: unknown) => void;
}

/** Of the statement that fails when another loader has taken over. */
const FENCE = "'fence'";

/** The loader's times; the clock makes them shorter. */
const TIMES = { cadenceMs: 200, discoveryMs: 400, holeAfterMs: 3_000 };

export function startLoaderProcess(options: LoaderProcessOptions): LoaderProcess {
  const { url, bucket, dataset, token, clock, log } = options;
  const life = createLife();
  const stopping = new AbortController();
  const settings = { region: 'eu-central-1', endpoint: url, credentials };
  const s3 = new S3Client(settings);
  const redshift = new RedshiftDataClient(settings);
  const step = { step: 'initialize' } as const;
  s3.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) =>
        life.call(commandName, () => next(args)),
    step,
  );
  redshift.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) =>
        life.call(commandName, () => next(args)),
    step,
  );
  const started = Promise.withResolvers<undefined>();
  let superseded = false;
  let alive = true;

  const api = createDataApi({
    client: redshift,
    target: { workgroupName: 'careplus', database: 'careplus' },
    backoffMs: 10,
  });
  const nameStart = loadName(dataset);
  /** Client tokens that were first sent before another loader took over. */
  const early = new Set<string>();
  const runBatch: DataApi['runBatch'] = async (batch, call) => {
    const sent = changed(batch);
    const isLoad = batch.name.startsWith(nameStart);
    if (isLoad) options.onSend(batch.name.slice(nameStart.length), sent.token);
    if (!superseded) early.add(sent.token);
    try {
      const answer = await api.runBatch(sent, call);
      if (isLoad && !early.has(sent.token)) options.onStaleWrite();
      return answer;
    } catch (error) {
      if (failsItsCheck(error)) options.onFault(error);
      throw error;
    } finally {
      if (!life.signal.aborted) await options.onTransaction();
    }
  };
  const changed = (batch: Batch): Batch => ({
    ...batch,
    token: `${batch.token}${options.suffix}`,
    statements: options.mutate(batch.statements),
  });
  const loader = createDatasetLoader({
    ...{ s3, bucket, dataset, token, clock, log, ...TIMES },
    api: { ...api, runBatch },
    copyRoleArn: 'arn:aws:iam::123456789012:role/copy',
    metrics: createLoaderMetrics(new Registry()),
    progress: createProgress(),
  });

  async function live(): Promise<End> {
    const signal = AbortSignal.any([life.signal, stopping.signal]);
    try {
      await loader.start(signal);
      options.onTakeOver();
      started.resolve(undefined);
      await loader.run(signal, life.signal);
    } catch (error) {
      if (!signal.aborted) {
        if (error instanceof PipelineError && error.code === 'WH_5002') return 'fenced';
        throw error;
      }
    } finally {
      alive = false;
      started.resolve(undefined);
      s3.destroy();
      redshift.destroy();
    }
    return life.signal.aborted ? 'killed' : 'stopped';
  }

  return {
    token,
    get isAlive() {
      return alive && !life.signal.aborted;
    },
    get isSuperseded() {
      return superseded;
    },
    started: started.promise,
    ended: live(),
    kill: () => life.kill(),
    killAt: (point, random) => life.killAt(point, random),
    stop: () => stopping.abort(),
    supersede() {
      superseded = true;
    },
  };
}

/** A division by zero behind the fence: the batch itself has found the warehouse wrong. */
function failsItsCheck(error: unknown): boolean {
  if (!(error instanceof StatementFailedError) || !error.isDivisionByZero) return false;
  return error.failed.sql?.includes(FENCE) === false;
}
