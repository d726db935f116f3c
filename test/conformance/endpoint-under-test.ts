import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = resolve(import.meta.dirname, '../../infra/local/aws-endpoint/main.ts');

/** A local AWS endpoint in a process of its own. */
export interface EndpointProcess {
  readonly url: string;
  readonly pid: number;
  /** Ends it by SIGTERM. @returns its exit code. */
  stop(): Promise<number | null>;
  /** Ends it by SIGKILL. */
  kill(): Promise<void>;
  /** Resolves when it has ended, however that came. */
  readonly ended: Promise<unknown>;
}

/** Starts a local endpoint on a free port. @throws {Error} with its stderr where it does not start. */
export async function startEndpointProcess(
  stateDir: string,
  args: readonly string[] = [],
): Promise<EndpointProcess> {
  const child = spawn(process.execPath, [MAIN, '--port', '0', '--state', stateDir, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(child, 'exit');
  const url = await Promise.race([readUrl(child), ended.then(() => undefined)]);
  if (url === undefined) throw new Error(`the endpoint did not start: ${stderr}`);
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    await ended;
    return child.exitCode;
  };
  return {
    url,
    pid: child.pid ?? 0,
    ended,
    stop: () => end('SIGTERM'),
    kill: async () => {
      await end('SIGKILL');
    },
  };
}

async function readUrl(child: ChildProcess): Promise<string | undefined> {
  if (child.stdout === null) return undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const { url } = JSON.parse(line) as { url: string };
    return url;
  }
  return undefined;
}

/** What the conformance suites run against. */
export interface EndpointUnderTest {
  /** Settings of the clients of the service under test, and of S3 beside it. */
  readonly client: ClientSettings;
  readonly s3Client: ClientSettings;
  /** Role that Firehose takes on. */
  readonly roleArn: string;
  close(): Promise<void>;
}

interface ClientSettings {
  readonly endpoint?: string;
  readonly region: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/**
 * A fresh local endpoint; or, where `CAREPLUS_CONFORMANCE_ENDPOINT` names an address, what is there,
 * such as a real service of AWS with the environment's own credentials
 * (`CAREPLUS_CONFORMANCE_ROLE_ARN` is then a role that Firehose may take on).
 */
export async function openEndpointUnderTest(
  args: readonly string[] = [],
): Promise<EndpointUnderTest> {
  const region = process.env['AWS_REGION'] ?? 'us-east-1';
  const roleArn =
    process.env['CAREPLUS_CONFORMANCE_ROLE_ARN'] ?? 'arn:aws:iam::000000000000:role/firehose';
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const address = process.env['CAREPLUS_CONFORMANCE_ENDPOINT'];
  if (address !== undefined && new URL(address).hostname !== '127.0.0.1') {
    const close = async () => undefined;
    return { client: { endpoint: address, region }, s3Client: { region }, roleArn, close };
  }
  if (address !== undefined) {
    const client = { endpoint: address, region, credentials };
    return { client, s3Client: client, roleArn, close: async () => undefined };
  }
  const stateDir = await mkdtemp(join(tmpdir(), 'careplus-endpoint-'));
  const endpoint = await startEndpointProcess(stateDir, args);
  const client = { endpoint: endpoint.url, region, credentials };
  const close = async () => {
    await endpoint.stop();
    await rm(stateDir, { recursive: true });
  };
  return { client, s3Client: client, roleArn, close };
}
