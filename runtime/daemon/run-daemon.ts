import { Gauge, Registry } from 'prom-client';
import { watchedMetrics } from '../../schemas/daemon-metrics.ts';
import type { Config } from '../config/config-schema.ts';
import { loadConfig } from '../config/load-config.ts';
import { createEmbeddedMetrics } from '../observability/embedded-metrics.ts';
import { createLog, type Logger } from '../observability/log.ts';
import { errorText, findPipelineError } from '../pipeline-error.ts';
import { openGate } from './access.ts';
import { startHealthServer } from './health-server.ts';
import { createProgress, type Progress } from './progress.ts';

/** What every daemon is given to build its parts from. */
export interface DaemonContext {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly progress: Progress;
}

/** A built daemon. */
export interface Daemon {
  /** Works until the signal aborts, then finishes what is in flight. Rejects on a fault. */
  run(signal: AbortSignal): Promise<void>;
  /** Frees every resource. Idempotent; also called when `run` has failed. */
  close(): Promise<void>;
}

export interface DaemonDefinition {
  readonly name: string;
  /** Builds the parts from the configuration; connects nothing that `close` cannot free. */
  build(context: DaemonContext): Promise<Daemon>;
}

/** Exit codes of every daemon (78 is EX_CONFIG, 75 EX_TEMPFAIL of sysexits.h). */
const exitCodes = { stopped: 0, fault: 1, fenced: 75, badConfiguration: 78 } as const;

/** No progress for this long while the process lives means stuck: it ends, and its supervisor restarts it. */
const STUCK_MS = 120_000;

/** How long `close` may take before the process ends without it. */
const CLOSE_MS = 5_000;

/**
 * Runs one daemon from its configuration file to its end: parse config → build parts →
 * `run(signal)` → drain → close. The first SIGTERM or SIGINT drains, a second one ends at once.
 *
 * @returns the exit code; see {@link exitCodes}.
 */
export async function runDaemon(
  definition: DaemonDefinition,
  options: { readonly configFile: string },
): Promise<number> {
  const log = createLog(definition.name);
  let config: Config;
  try {
    config = loadConfig(options.configFile);
  } catch (error) {
    return report(error, log);
  }
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => {
    if (stop.signal.aborted) process.exit(130);
    log.info({ signal }, 'draining');
    stop.abort();
    setTimeout(() => {
      log.fatal({ drainMs: config.drainMs }, 'did not drain in time');
      process.exit(exitCodes.fault);
    }, config.drainMs).unref();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  // A rejection that nobody awaits is a bug whose effects are unknown: end, do not limp on.
  process.on('unhandledRejection', (error) => {
    process.exit(report(error, log));
  });
  const context = { config, log, metrics: new Registry(), progress: createProgress() };
  registerTroubles(context.metrics, context.progress);
  const watchdog = watch(context.progress, log);
  try {
    await runToEnd(definition, context, stop.signal);
    log.info('stopped');
    return exitCodes.stopped;
  } catch (error) {
    return report(error, log);
  } finally {
    clearInterval(watchdog);
  }
}

async function runToEnd(
  definition: DaemonDefinition,
  context: DaemonContext,
  signal: AbortSignal,
): Promise<void> {
  const { config, log, metrics, progress } = context;
  const port = config.health.ports[definition.name];
  const health =
    port === undefined
      ? undefined
      : await startHealthServer({
          host: config.health.host,
          port,
          progress,
          metrics,
          staleMs: STUCK_MS,
          gate: await openGate('health', config.health),
        });
  try {
    const daemon = await definition.build(context);
    const telling = writeEmbeddedMetrics(definition.name, context);
    try {
      log.info('running');
      await daemon.run(signal);
    } catch (error) {
      if (!signal.aborted || !isAbort(error)) throw error;
    } finally {
      progress.setReady(false);
      clearInterval(telling);
      await Promise.race([
        daemon.close(),
        new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref()),
      ]);
    }
  } finally {
    await health?.close();
  }
}

/**
 * An alarm fires on any series: what is wrong is then in the log under the same code. Exported for
 * the test of the alarms.
 */
export function registerTroubles(registry: Registry, progress: Progress): void {
  new Gauge({
    name: watchedMetrics.trouble,
    help: '1 for each part that is kept from its work, by error code',
    labelNames: ['part', 'error_code'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [part, { code }] of progress.troubles) this.set({ part, error_code: code }, 1);
    },
  });
}

/** Writes the metrics to stdout again and again, where the configuration asks for it. */
function writeEmbeddedMetrics(
  daemon: string,
  { config, metrics: registry, log }: DaemonContext,
): NodeJS.Timeout | undefined {
  if (config.embeddedMetrics === undefined) return undefined;
  const { namespace, intervalSeconds } = config.embeddedMetrics;
  const embedded = createEmbeddedMetrics({ registry, namespace, daemon });
  const write = async () => {
    for (const line of await embedded.lines()) process.stdout.write(`${line}\n`);
  };
  return setInterval(() => {
    write().catch((error: unknown) => log.warn({ err: error }, 'metrics could not be written'));
  }, intervalSeconds * 1_000).unref();
}

function watch(progress: Progress, log: Logger): NodeJS.Timeout {
  return setInterval(() => {
    if (progress.ageMs < STUCK_MS) return;
    log.fatal({ lastProgressMs: progress.ageMs }, 'no progress: ending, to be started again');
    process.exit(exitCodes.fault);
  }, 5_000).unref();
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** Logs the fault with its code and remedy and tells the exit code that it asks for. */
function report(error: unknown, log: Logger): number {
  const known = findPipelineError(error);
  log.fatal(
    known
      ? { code: known.code, context: known.context, remedy: known.remedy, err: error }
      : { err: error },
    errorText(error),
  );
  if (known?.code.startsWith('CFG_')) return exitCodes.badConfiguration;
  if (known?.code === 'KFK_3001' || known?.code === 'WH_5002') return exitCodes.fenced;
  return exitCodes.fault;
}
