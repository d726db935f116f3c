/**
 * The ports of the local stack, all from one base, and a check that they are free.
 *
 *   const ports = stackPorts(readPortBase(process.env));   // CAREPLUS_PORT_BASE, default 18400
 *   await checkPortsFree({ dashboard: ports.dashboard, kafka: ports.kafka, … });
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import { listPids } from './process-table.ts';

const DEFAULT_BASE = 18_400;
const HOST = '127.0.0.1';

/** The daemons, in the order of their health ports (base + 10, + 11, …). */
const daemonNames = [
  'cdc-reader',
  'log-shipper',
  'ticket-processor',
  'log-processor',
  'archiver',
  'warehouse-loader',
] as const;
type DaemonName = (typeof daemonNames)[number];

export interface StackPorts {
  readonly dashboard: number;
  readonly aws: number;
  readonly kafka: number;
  readonly kafkaController: number;
  readonly mariadb: number;
  readonly postgres: number;
  readonly health: Readonly<Record<DaemonName, number>>;
}

const LAST_OFFSET = 10 + daemonNames.length - 1;

/** @throws {PipelineError} CFG_9004 if CAREPLUS_PORT_BASE is no usable port number. */
export function readPortBase(env: NodeJS.ProcessEnv): number {
  const text = env['CAREPLUS_PORT_BASE'] ?? '';
  if (text === '') return DEFAULT_BASE;
  const base = Number(text);
  const highest = 65_535 - LAST_OFFSET;
  if (/^\d+$/.test(text) && base >= 1024 && base <= highest) return base;
  throw new PipelineError(
    'CFG_9004',
    `CAREPLUS_PORT_BASE is '${text}'; write a number from 1024 to ${highest}`,
  );
}

export function stackPorts(base: number): StackPorts {
  const health = daemonNames.map((name, index) => [name, base + 10 + index] as const);
  return {
    dashboard: base,
    aws: base + 1,
    kafka: base + 2,
    kafkaController: base + 3,
    mariadb: base + 4,
    postgres: base + 5,
    health: Object.fromEntries(health) as Record<DaemonName, number>,
  };
}

/**
 * @param ports what for → port
 * @throws {PipelineError} CFG_9004 that names every port taken and, where it can be seen, by whom.
 */
export async function checkPortsFree(ports: Readonly<Record<string, number>>): Promise<void> {
  const checked = await Promise.all(
    Object.entries(ports).map(async ([name, port]) => ({ name, port, free: await isFree(port) })),
  );
  const taken = checked.filter(({ free }) => !free);
  if (taken.length === 0) return;
  const lines = taken.map(({ name, port }) => {
    const holder = findPortHolder(port);
    const who = holder === undefined ? 'a process of another user' : describe(holder);
    return `port ${port} (${name}) is taken by ${who}`;
  });
  throw new PipelineError('CFG_9004', lines.join('\n'));
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen({ host: HOST, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

export interface PortHolder {
  readonly pid: number;
  readonly command: string;
}

/** @returns the process that listens on the port, if this user may see it. */
export function findPortHolder(port: number): PortHolder | undefined {
  const sockets = new Set(listeningInodes(port).map((inode) => `socket:[${inode}]`));
  if (sockets.size === 0) return undefined;
  const pid = listPids().find((each) => openFiles(each).some((target) => sockets.has(target)));
  return pid === undefined ? undefined : { pid, command: commandLine(pid) };
}

function describe({ pid, command }: PortHolder): string {
  return `process ${pid} (${command.length > 120 ? `${command.slice(0, 120)}…` : command})`;
}

/** From proc(5): field 1 is the local address with the port in hex, 3 the state (0A = listening). */
function listeningInodes(port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return ['/proc/net/tcp', '/proc/net/tcp6']
    .flatMap((file) =>
      readOr('', () => readFileSync(file, 'utf8'))
        .split('\n')
        .slice(1),
    )
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) === true && fields[3] === '0A')
    .map((fields) => fields[9] ?? '');
}

function openFiles(pid: number): string[] {
  return readOr([], () => readdirSync(`/proc/${pid}/fd`)).map((fd) =>
    readOr('', () => readlinkSync(`/proc/${pid}/fd/${fd}`)),
  );
}

function commandLine(pid: number): string {
  const text = readOr('', () => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  return text.replaceAll('\0', ' ').trim();
}

/** Processes end while we look, and other users' are closed to us. */
function readOr<T>(otherwise: T, read: () => T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
