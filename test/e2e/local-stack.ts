import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createConnection, type Connection } from 'mysql2/promise';
import { readProcess } from '../../infra/local/process-table.ts';

const here = path.resolve(import.meta.dirname, '../..');

/** The outcome of one `careplus` command. */
interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder and a port range of its own for one local stack, as a person would use them. */
export interface TestStack {
  readonly stateDir: string;
  /** Runs a verb to its end; of another tree than the stack's, when one is named. */
  careplus(args: readonly string[], timeoutMs?: number, tree?: string): Promise<CommandResult>;
  /** Starts a verb and leaves it to itself. */
  start(args: readonly string[]): ChildProcess;
  /** Starts `up` in the foreground and resolves when it has printed the page's address. */
  up(args: readonly string[]): Promise<ChildProcess>;
  /** The KEY=VALUE file by which a person's own client connects. */
  env(): Record<string, string>;
  mysql(): Promise<Connection>;
  /** Pid of a part by its name, from `run/NAME.pid`. */
  pid(name: string): number;
  close(): Promise<void>;
}

/** Whether a process runs. One that has ended and waits to be reaped does not. */
export function isRunning(pid: number): boolean {
  return (readProcess(pid)?.state ?? 'Z') !== 'Z';
}

/** Workers look in ranges of their own: two that look at once would take the same. */
const worker = Number(process.env['VITEST_POOL_ID'] ?? 0) % 4;

/** @returns a base so that the ports of one stack are free now. */
async function freePortBase(): Promise<number> {
  const first = 22_000 + worker * 2_000;
  for (let base = first; base < first + 2_000; base += 50) {
    const free = await Promise.all([...Array(20).keys()].map((offset) => isFree(base + offset)));
    if (free.every(Boolean)) return base;
  }
  throw new Error('no free range of ports');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/**
 * @param root the tree whose programs run; by default this one.
 * @param parent the folder in which the stack's own is made.
 */
export async function createTestStack(root = here, parent = tmpdir()): Promise<TestStack> {
  const folder = mkdtempSync(path.join(parent, 'careplus-e2e-'));
  const stateDir = path.join(folder, 'state');
  const base = await freePortBase();
  const environment = { ...process.env, CAREPLUS_PORT_BASE: String(base), NODE_ENV: 'production' };

  const start = (args: readonly string[], tree = root) =>
    spawn(process.execPath, ['operations/careplus.ts', ...args, '--state', stateDir], {
      cwd: tree,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  const run: TestStack['careplus'] = async (args, timeoutMs = 120_000, tree = root) => {
    const child = start(args, tree);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const timer = setTimeout(() => child.kill('SIGINT'), timeoutMs);
    const [code] = (await once(child, 'close')) as [number | null];
    clearTimeout(timer);
    return { code: code ?? -1, stdout, stderr };
  };

  const env = () =>
    Object.fromEntries(
      readFileSync(path.join(stateDir, 'env'), 'utf8')
        .split('\n')
        .filter((line) => line.includes('='))
        .map((line) => {
          const at = line.indexOf('=');
          return [line.slice(0, at), line.slice(at + 1)];
        }),
    );

  return {
    stateDir,
    start,
    careplus: run,
    async up(args) {
      const child = start(['up', ...args]);
      let output = '';
      await new Promise<void>((resolve, reject) => {
        const read = (text: string) => {
          output += text;
          if (/http:\/\/127\.0\.0\.1:\d+/.test(output)) resolve();
        };
        child.stdout.setEncoding('utf8').on('data', read);
        child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
        child.once('exit', (code) =>
          reject(new Error(`up ended with ${String(code)} before it was ready:\n${output}`)),
        );
      });
      return child;
    },
    env,
    async mysql() {
      const values = env();
      return createConnection({
        host: values['CAREPLUS_MYSQL_HOST'] ?? '',
        port: Number(values['CAREPLUS_MYSQL_PORT']),
        user: values['CAREPLUS_MYSQL_ADMIN_USER'] ?? '',
        password: values['CAREPLUS_MYSQL_ADMIN_PASSWORD'] ?? '',
        database: values['CAREPLUS_MYSQL_DATABASE'] ?? '',
        multipleStatements: true,
      });
    },
    pid(name) {
      const file = path.join(stateDir, 'run', `${name}.pid`);
      return (JSON.parse(readFileSync(file, 'utf8')) as { pid: number }).pid;
    },
    async close() {
      if (existsSync(stateDir)) await run(['down']);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
