/**
 * The local stack: the real servers, the AWS endpoint and our daemons, started in the order of
 * their needs (sinks before sources) and stopped in the reverse one.
 *
 *   const servers = await startServers({ stateDir, ports, report, signal });
 *   const daemons = await startDaemons({ … });
 *   await daemons.stop(); await servers.stop();
 */
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errorText, PipelineError } from '../../runtime/pipeline-error.ts';
import { BI_USER, prepareWarehouse } from './aws-endpoint/redshift/warehouse.ts';
import { writePolicies } from './aws-policies.ts';
import { createAwsResources } from './aws-resources.ts';
import type { Child } from './child-process.ts';
import { endpointUrl, LOCAL_ACCOUNT, LOCAL_INTERVAL_SECONDS } from './config-file.ts';
import { startKafka, type KafkaBroker } from './kafka.ts';
import { startMariadb, type Mariadb } from './mariadb.ts';
import type { StackPorts } from './ports.ts';
import { startPostgres, type Postgres } from './postgres.ts';
import { openSecret } from './state-folders.ts';
import { superviseChild, type SupervisedChild } from './supervised-child.ts';

/** Tells a person what happens, a line each. */
type Report = (line: string) => void;

export interface ServerOptions {
  readonly stateDir: string;
  readonly ports: StackPorts;
  readonly report: Report;
  /** Aborts the start. */
  readonly signal: AbortSignal;
}

export interface Servers {
  readonly mariadb: Mariadb;
  readonly postgres: Postgres;
  readonly kafka: KafkaBroker;
  /** The warehouse as a BI tool sees it, which reads `reporting` and nothing else. */
  readonly bi: { readonly url: string };
  stop(): Promise<void>;
}

interface Stoppable {
  stop(): Promise<unknown>;
}

const ENDPOINT_READY_MS = 30_000;

/** Environment of our own children: each signs by its name, and so has its own rights. */
const daemonEnvironment = (name: string): NodeJS.ProcessEnv => ({
  ...process.env,
  AWS_ACCESS_KEY_ID: name,
  AWS_SECRET_ACCESS_KEY: 'local',
});

/**
 * Starts MariaDB, Kafka and PostgreSQL side by side, then the AWS endpoint with its bucket and
 * streams. Whatever fails, nothing is left running.
 */
export async function startServers(options: ServerOptions): Promise<Servers> {
  const { stateDir, ports, report, signal } = options;
  const started: Stoppable[] = [];
  const stopAll = async () => {
    for (const part of started.splice(0).reverse()) await part.stop();
  };
  const timed = async <T extends Stoppable>(name: string, start: () => Promise<T>): Promise<T> => {
    const since = Date.now();
    const part = await start();
    started.push(part);
    report(`${name} is ready (${((Date.now() - since) / 1000).toFixed(1)} s)`);
    return part;
  };
  const server = async <T extends Stoppable & { readonly child: Child }>(
    name: string,
    start: (signal?: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    let first: T | undefined;
    await timed(name, async () => {
      first = await start(signal);
      return restartWhenKilled(name, first, () => start(), report);
    });
    return first as T;
  };
  try {
    const settled = await Promise.allSettled([
      server(`MariaDB on port ${ports.mariadb}`, (during) =>
        startMariadb({ stateDir, port: ports.mariadb, signal: during }),
      ),
      server(`PostgreSQL on port ${ports.postgres}`, (during) =>
        startPostgres({ stateDir, port: ports.postgres, signal: during }),
      ),
      server(`Kafka on port ${ports.kafka}`, (during) =>
        startKafka({
          stateDir,
          port: ports.kafka,
          controllerPort: ports.kafkaController,
          signal: during,
        }),
      ),
    ]);
    const [mariadb, postgres, kafka] = settled;
    if (mariadb.status === 'rejected') throw mariadb.reason;
    if (postgres.status === 'rejected') throw postgres.reason;
    if (kafka.status === 'rejected') throw kafka.reason;
    const bi = await openToBiTools(stateDir, postgres.value);
    await timed(`the AWS endpoint (S3, Firehose, Redshift Data) on port ${ports.aws}`, () =>
      startEndpoint(options, postgres.value),
    );
    return {
      ...{ mariadb: mariadb.value, postgres: postgres.value, kafka: kafka.value },
      ...{ bi, stop: stopAll },
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

/** Starts a server again whenever it ends unasked. */
function restartWhenKilled<T extends Stoppable & { readonly child: Child }>(
  name: string,
  first: T,
  start: () => Promise<T>,
  report: Report,
): Stoppable {
  const stopping = new AbortController();
  const stopped = () => stopping.signal.aborted;
  let current = first;
  const watch = async () => {
    while (!stopped()) {
      await current.child.exited;
      if (stopped()) return;
      report(`${name} ended; starting it again`);
      await startAgain();
    }
  };
  const startAgain = async () => {
    while (!stopped()) {
      try {
        current = await start();
        if (stopped()) await current.stop();
        return;
      } catch (error) {
        report(`${name} did not start: ${errorText(error)}`);
        await delay(2_000, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  };
  const watching = watch();
  return {
    async stop() {
      stopping.abort();
      await current.stop();
      await watching;
    },
  };
}

/** Gives the reader of BI tools its password. */
async function openToBiTools(stateDir: string, postgres: Postgres): Promise<Servers['bi']> {
  const { password } = openSecret(stateDir, 'bi');
  await prepareWarehouse(postgres.url, { biPassword: password });
  const url = new URL(postgres.url);
  url.username = BI_USER;
  url.password = password;
  return { url: url.href };
}

async function startEndpoint(
  { stateDir, ports, report, signal }: ServerOptions,
  postgres: Postgres,
): Promise<SupervisedChild> {
  const policies = path.join(stateDir, 'aws-policies.json');
  writePolicies(policies, LOCAL_ACCOUNT);
  const child = await superviseChild({
    name: 'aws-endpoint',
    command: process.execPath,
    args: [
      path.join(import.meta.dirname, 'aws-endpoint', 'main.ts'),
      '--port',
      `${ports.aws}`,
      '--state',
      path.join(stateDir, 'aws'),
      '--policies',
      policies,
    ],
    runDir: path.join(stateDir, 'run'),
    logFile: path.join(stateDir, 'logs', 'aws-endpoint.log'),
    // In the environment, not in argv: the address holds a password.
    env: { ...process.env, CAREPLUS_WAREHOUSE_URL: postgres.url },
    onRestart: ({ name, delayMs }) => report(`${name} ended; starting it again in ${delayMs} ms`),
  });
  const url = endpointUrl(ports);
  try {
    await answers(`${url}/__health`, child, ENDPOINT_READY_MS, signal);
    await createAwsResources({
      endpoint: url,
      ...LOCAL_ACCOUNT,
      intervalSeconds: LOCAL_INTERVAL_SECONDS,
    });
    return child;
  } catch (error) {
    await child.stop();
    throw error;
  }
}

/** Resolves when the address answers 200. @throws {PipelineError} CFG_9006 when it does not in time. */
async function answers(
  url: string,
  child: SupervisedChild,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<void> {
  const giveUpAt = Date.now() + timeoutMs;
  for (;;) {
    signal.throwIfAborted();
    const ok = await fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return;
    if (Date.now() > giveUpAt) {
      throw new PipelineError(
        'CFG_9006',
        `${child.name} did not become ready within ${timeoutMs / 1000} s; see ${child.logFile}`,
      );
    }
    await delay(50, undefined, { signal });
  }
}

export interface DaemonOptions extends ServerOptions {
  /** Command and first arguments of the program: `node careplus.ts`. */
  readonly command: readonly [string, ...string[]];
  readonly configFile: string;
  /** Address of a daemon's readiness, by name; in the order in which they are started. */
  readonly daemons: readonly { readonly name: string; readonly readyUrl: string }[];
  /** Arguments of a process that nobody waits for, by its name. */
  readonly aside: Readonly<Record<string, readonly string[]>>;
  /** Called when a daemon has ended for good (bad configuration, fenced). */
  readonly onFinished: (name: string, code: number | null) => void;
}

const DAEMON_READY_MS = 60_000;

/** Starts the daemons one process each, keeps them running, and resolves when all are ready. */
export async function startDaemons(options: DaemonOptions): Promise<{ stop(): Promise<void> }> {
  const { stateDir, report, signal, configFile } = options;
  const [program, ...args] = options.command;
  const started: SupervisedChild[] = [];
  const stop = async () => {
    for (const child of started.splice(0).reverse()) await child.stop();
  };
  try {
    const runs = options.daemons.map(({ name }) => ({ name, verb: ['run', name] }));
    const aside = Object.entries(options.aside).map(([name, verb]) => ({ name, verb }));
    for (const { name, verb } of [...runs, ...aside]) {
      const child = await superviseChild({
        name,
        command: program,
        args: [...args, ...verb, '--config', configFile],
        runDir: path.join(stateDir, 'run'),
        logFile: path.join(stateDir, 'logs', `${name}.log`),
        env: daemonEnvironment(name),
        graceMs: 25_000,
        onRestart: ({ exit, delayMs }) => {
          const how = exit?.signal ?? `exit code ${exit?.code ?? 'unknown'}`;
          report(`${name} ended (${how}); starting it again in ${delayMs} ms`);
        },
      });
      started.push(child);
      void child.finished.then(({ code }) => options.onFinished(name, code));
    }
    await Promise.all(
      options.daemons.map(async ({ readyUrl }, index) => {
        const child = started[index];
        if (child) await answers(readyUrl, child, DAEMON_READY_MS, signal);
      }),
    );
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
