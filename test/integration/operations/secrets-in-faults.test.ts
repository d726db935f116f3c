import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';

const root = path.resolve(import.meta.dirname, '../../..');
const secrets = {
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'a-key-that-is-secret',
  AWS_SESSION_TOKEN: 'a-session-that-is-secret',
  CAREPLUS_MYSQL_PASSWORD: 'a-password-that-is-secret',
};
let folder: string;
let config: string;
let server: Server;
let asked = 0;

/** Answers as badly as servers do, and tells back whatever it was told. */
const faults: readonly ((request: IncomingMessage, response: ServerResponse) => void)[] = [
  (request, response) => {
    const told = JSON.stringify(request.headers);
    response.writeHead(403, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify({ __type: 'AccessDeniedException', message: 'no', told }));
  },
  (request, response) => {
    response.writeHead(500, { 'content-type': 'text/html', 'x-told': request.headers.host });
    response.end(`<html>${JSON.stringify(request.headers)}</html>`);
  },
  (request) => request.socket.destroy(),
  (_, response) => response.writeHead(200, { 'content-type': 'application/xml' }).end('<broken'),
];

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-secrets-'));
  server = createServer((request, response) => {
    request.resume();
    faults[asked++ % faults.length]?.(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  config = path.join(folder, 'careplus.yaml');
  writeFileSync(
    config,
    stringify({
      version: 1,
      kafka: { brokers: ['127.0.0.1:9'] },
      source: { name: 'test', host: '127.0.0.1', port: 9, user: 'careplus_reader' },
      datasets: { 'support-tickets': { database: 'care', table: 'tickets' } },
      aws: { region: 'eu-central-1', endpoint: `http://127.0.0.1:${port}` },
      warehouse: {
        ...{ workgroup: 'careplus', database: 'careplus' },
        copyRoleArn: 'arn:aws:iam::000000000000:role/copy',
      },
    }),
  );
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

/** What a command writes until it ends, or until it has asked often enough and is told to. */
async function written(args: readonly string[], requests: number): Promise<string> {
  const before = asked;
  const child = spawn(process.execPath, ['operations/careplus.ts', ...args, '--config', config], {
    cwd: root,
    env: { PATH: process.env['PATH'], ...secrets },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  }
  const ended = once(child, 'close');
  await vi.waitFor(
    () => expect(asked - before >= requests || child.exitCode !== null, text).toBe(true),
    { timeout: 30_000, interval: 50 },
  );
  child.kill('SIGTERM');
  await ended;
  return text;
}

it.each([
  ['a loader', ['run', 'warehouse-loader'], 8],
  ['a question to the warehouse', ['query', 'SELECT 1'], 4],
  ['a question to the lake', ['query', '--lake', 'SELECT 1'], 4],
])('%s tells its faults and none of its secrets', async (_, args, requests) => {
  const text = await written(args, requests);
  expect(text).toMatch(/(LAKE|WH)_\d{4}|XML parse error|AccessDenied/);
  for (const [name, secret] of Object.entries(secrets)) {
    if (name !== 'AWS_ACCESS_KEY_ID') expect(text, name).not.toContain(secret);
  }
  expect(text).not.toContain('Signature=');
});
