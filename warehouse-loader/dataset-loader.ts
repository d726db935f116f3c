import type { S3Client } from '@aws-sdk/client-s3';
import type { Progress } from '../runtime/daemon/progress.ts';
import type { Logger } from '../runtime/observability/log.ts';
import { errorText, PipelineError } from '../runtime/pipeline-error.ts';
import { StatementFailedError } from '../runtime/redshift/data-api-errors.ts';
import type { DataApi } from '../runtime/redshift/data-api.ts';
import type { AnyDataset } from '../schemas/datasets/any-dataset.ts';
import { createAnnouncer } from './announcer.ts';
import { createBatchPlanner, type PlannedBatch } from './batch-planner.ts';
import { systemClock, type Clock } from './clock.ts';
import { probeCopy } from './copy-probe.ts';
import { createHoleReport } from './hole-report.ts';
import { createHoleWatch } from './hole-watch.ts';
import { createLedger } from './ledger.ts';
import { planOf } from './load-plan.ts';
import { REPORT_STEP, type LoadStatement } from './load-statement.ts';
import {
  COPY_STEP,
  FENCE_STEP,
  loadStatements,
  setAsideStatements,
  takeFitting,
  type SetAside,
} from './load-statements.ts';
import type { LoaderMetrics } from './loader-metrics.ts';
import { batchIdOf, writeManifest } from './manifest.ts';
import { createObjectDiscovery, type Discovered } from './object-discovery.ts';
import { loadName, takeOver } from './take-over.ts';

export interface DatasetLoaderOptions {
  readonly api: DataApi;
  readonly s3: S3Client;
  readonly bucket: string;
  readonly dataset: AnyDataset;
  readonly copyRoleArn: string;
  /** This process, as it stands in `ops.loader`. */
  readonly token: string;
  readonly cadenceMs: number;
  readonly discoveryMs: number;
  /** How long a frontier may stand while rows wait above it. */
  readonly holeAfterMs: number;
  readonly log: Logger;
  readonly metrics: LoaderMetrics;
  readonly progress: Progress;
  readonly clock?: Clock;
}

/** Loads one dataset's objects into the warehouse, in batches of one transaction each. */
export interface DatasetLoader {
  /** Takes over from a predecessor and tells how far the warehouse is. */
  start(signal: AbortSignal): Promise<void>;
  /**
   * Discovers and loads until `signal` aborts; the batch in flight is finished unless `force`
   * aborts too.
   *
   * @throws {PipelineError} WH_5002 when another loader has taken over; others that no retry cures.
   */
  run(signal: AbortSignal, force: AbortSignal): Promise<void>;
}

const MAX_CONFLICTS = 8;
const CONFLICT_PAUSE_MS = 200;
const FAILURE_PAUSE_MS = 500;
const MAX_FAILURE_PAUSE_MS = 30_000;

export function createDatasetLoader(options: DatasetLoaderOptions): DatasetLoader {
  const { api, s3, bucket, dataset, token, metrics, progress, clock = systemClock } = options;
  const { now, elapsed } = clock;
  const label = { dataset: dataset.name };
  const log = options.log.child(label);
  const planner = createBatchPlanner({ cadenceMs: options.cadenceMs, elapsed });
  const plan = planOf(dataset);
  const holes = createHoleWatch({ api, plan, afterMs: options.holeAfterMs, log, elapsed });
  const holeReport = createHoleReport(s3, bucket, dataset);
  const announcer = createAnnouncer({
    ...{ api, s3, bucket, dataset, plan, log },
    onProgress(positions) {
      holes.note(positions);
      holeReport.renew();
      metrics.pending.set(
        label,
        positions.reduce((sum, { waiting }) => sum + waiting, 0),
      );
    },
  });
  const ledger = createLedger(api, dataset);
  const discovery = createObjectDiscovery({ s3, bucket, dataset, ledger, log, clock });
  let everythingSeen = false;
  /** By key, for a look that is repeated finds the same foreign object again. */
  const setAside = new Map<string, SetAside>();
  let runs = 0;
  /** A run whose end is unknown: the same batch goes on under the same client token. */
  let unsettled: { readonly batchId: string; readonly clientToken: string } | undefined;

  function clientTokenFor(batchId: string): string {
    if (unsettled?.batchId === batchId) return unsettled.clientToken;
    runs += 1;
    return `${batchId}-${token.slice(0, 8)}-${runs}`;
  }

  /** Runs one transaction; conflicts get a new attempt. */
  async function runTransaction(
    batchId: string,
    statements: readonly LoadStatement[],
    signal: AbortSignal,
  ): Promise<string> {
    for (let conflicts = 0; ;) {
      const clientToken = clientTokenFor(batchId);
      try {
        const sqls = statements.map(({ sql }) => sql);
        const name = loadName(dataset, batchId);
        unsettled = { batchId, clientToken };
        const { id } = await api.runBatch(
          { name, statements: sqls, token: clientToken },
          { signal },
        );
        unsettled = undefined;
        return id;
      } catch (error) {
        if (!(error instanceof StatementFailedError)) throw error;
        unsettled = undefined;
        if (failedStep(error, statements) === FENCE_STEP && error.isDivisionByZero) {
          throw new PipelineError('WH_5002', `another loader has taken over ${dataset.name}`, {
            cause: error,
          });
        }
        conflicts += 1;
        if (!error.retryable || conflicts === MAX_CONFLICTS) throw error;
        log.info({ batchId, reason: error.message }, 'conflict in the warehouse, trying again');
        await clock.sleep(CONFLICT_PAUSE_MS * conflicts, signal);
      }
    }
  }

  async function load(batch: PlannedBatch, signal: AbortSignal): Promise<void> {
    const { objects } = batch;
    const batchId = batchIdOf(objects);
    const startedAt = elapsed();
    let statements: LoadStatement[] = [];
    let id: string;
    try {
      const manifestUrl = await writeManifest(s3, bucket, { dataset, batchId, objects }, signal);
      const { copyRoleArn } = options;
      statements = loadStatements(
        { dataset, batchId, objects },
        { token, manifestUrl, copyRoleArn },
      );
      id = await runTransaction(batchId, statements, signal);
    } catch (error) {
      if (isRefusedByCopy(error, statements)) {
        await refuse(batch, error, signal);
        return;
      }
      planner.putBack(batch);
      throw error;
    }
    const tookMs = elapsed() - startedAt;
    planner.loaded(batch, tookMs);
    metrics.batches.inc(label);
    metrics.objects.inc(label, objects.length);
    metrics.duration.observe(label, tookMs / 1000);
    log.debug({ batchId, objects: objects.length, tookMs }, 'batch loaded');
    const reportIndex = statements.findIndex(({ step }) => step === REPORT_STEP);
    await announcer.announce(batchId, `${id}:${reportIndex + 1}`, signal);
  }

  async function refuse(
    batch: PlannedBatch,
    error: StatementFailedError,
    signal: AbortSignal,
  ): Promise<void> {
    metrics.failures.inc({ ...label, error_code: error.code });
    const keys = batch.objects.map(({ key }) => key);
    // The server draws a box of several lines around it.
    const reason = error.failed.text.replaceAll(/[\s-]*\n[\s-]*/g, ' ').trim();
    log.error(
      { code: error.code, objects: keys.length, first: keys[0], reason },
      'COPY refused the batch',
    );
    const { copyRoleArn } = options;
    const probePassed =
      planner.needsProbe(batch) &&
      (await probeCopy({ api, s3, bucket, dataset, copyRoleArn, ledger, log, signal }));
    const named = batch.objects.find(({ key }) => reason.includes(key));
    const culprit = planner.refused(batch, { named, probePassed });
    if (!culprit) return;
    setAside.set(culprit.key, { object: culprit, outcome: 'quarantined', reason });
  }

  /** Writes set-aside objects into the ledger. */
  async function writeSetAside(signal: AbortSignal): Promise<void> {
    while (setAside.size > 0) {
      const rows = takeFitting([...setAside.values()]);
      const batchId = batchIdOf(rows.map(({ object }) => object));
      await runTransaction(batchId, setAsideStatements(dataset, batchId, token, rows), signal);
      for (const { object, outcome, reason } of rows) {
        setAside.delete(object.key);
        metrics.setAside.inc({ ...label, outcome });
        log.error({ code: 'LAKE_4004', key: object.key, outcome, reason }, 'object set aside');
      }
    }
  }

  async function loadFound(
    { objects, foreign }: Discovered,
    signal: AbortSignal,
    force: AbortSignal,
  ): Promise<void> {
    planner.add(objects);
    for (const object of foreign) {
      const reason = 'not a name that Firehose gives';
      setAside.set(object.key, { object, outcome: 'foreign', reason });
    }
    for (let batch = planner.next(); batch; batch = planner.next()) {
      await load(batch, force);
      progress.beat();
      signal.throwIfAborted();
    }
    await writeSetAside(force);
  }

  function noteWaiting(): void {
    const { waiting, oldestMs } = planner;
    metrics.waiting.set(label, waiting);
    // The lake's clock is not this one.
    const ageMs = oldestMs === undefined ? 0 : Math.max(0, now() - oldestMs);
    metrics.oldestWaiting.set(label, ageMs / 1000);
  }
  metrics.beforeReading.push(noteWaiting);

  async function turn(signal: AbortSignal, force: AbortSignal): Promise<void> {
    if (everythingSeen) {
      await loadFound(await discovery.discover(signal), signal, force);
    } else {
      for await (const found of discovery.everything(signal)) {
        await loadFound(found, signal, force);
        progress.beat();
      }
      everythingSeen = true;
    }
    await announcer.catchUp(force);
    const missing = await holes.check(signal);
    if (missing) {
      holeReport.note(missing);
      metrics.missing.set(
        label,
        missing.reduce((sum, { from, to }) => sum + to - from + 1, 0),
      );
    }
    await holeReport.publish(signal);
  }

  return {
    async start(signal) {
      await takeOver(api, dataset, token, { log, signal, clock });
      log.info('took over');
      await announcer.announce(null, undefined, signal);
    },

    async run(signal, force) {
      for (let failures = 0; !signal.aborted;) {
        progress.beat();
        try {
          await turn(signal, force);
          failures = 0;
          progress.setTrouble(dataset.name, undefined);
        } catch (error) {
          signal.throwIfAborted();
          if (!mayPass(error)) throw error;
          failures += 1;
          const { code, message } = error;
          metrics.failures.inc({ ...label, error_code: code });
          log.error({ code, failures, err: error }, errorText(error));
          progress.setTrouble(dataset.name, { code, message });
        }
        const pauseMs = failures === 0 ? 0 : FAILURE_PAUSE_MS * 2 ** Math.min(failures, 10);
        const capped = Math.min(MAX_FAILURE_PAUSE_MS, pauseMs);
        await clock.sleep(Math.max(options.discoveryMs, capped), signal);
      }
    },
  };
}

function failedStep(
  error: StatementFailedError,
  statements: readonly LoadStatement[],
): string | undefined {
  return error.failed.index === undefined ? undefined : statements[error.failed.index]?.step;
}

/** COPY failed, and would again: the objects may be at fault. */
function isRefusedByCopy(
  error: unknown,
  statements: readonly LoadStatement[],
): error is StatementFailedError {
  return (
    error instanceof StatementFailedError &&
    !error.retryable &&
    failedStep(error, statements) === COPY_STEP
  );
}

/**
 * Whether the loader goes on after a pause: what the services say may pass, and every failed
 * batch. A failed batch was rolled back whole and its objects wait; a restart would not help it.
 */
function mayPass(error: unknown): error is PipelineError {
  return (
    error instanceof PipelineError && (error.retryable || error instanceof StatementFailedError)
  );
}
