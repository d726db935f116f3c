import { spawn, spawnSync, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const checkout = path.resolve(import.meta.dirname, '../../..');

interface Outcome {
  readonly code: number | null;
  readonly stderr: string;
}

async function run(command: string, args: string[], options: SpawnOptions = {}): Promise<Outcome> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stderr };
}

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-setup-'));
  chmodSync(folder, 0o755);
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, content: string, mode = 0o644): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

/** A program that notes its call in `calls.log`, then does `body`. */
function stub(name: string, body = ''): void {
  const log = path.join(folder, 'calls.log');
  write(`bin/${name}`, `#!/bin/sh\necho "${name} $*" >>${log}\n${body}\n`, 0o755);
}

const calls = (): string[] => {
  const log = path.join(folder, 'calls.log');
  return existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : [];
};

const stubPath = () => `${path.join(folder, 'bin')}:/usr/bin:/bin`;

describe('setup.mjs', () => {
  it('has nothing to do on a prepared machine and says nothing', async () => {
    const outcome = await run(process.execPath, [path.join(checkout, 'setup.mjs')]);
    expect(outcome).toEqual({ code: 0, stderr: '' });
  });

  it('refuses what it does not know', async () => {
    const outcome = await run(process.execPath, [path.join(checkout, 'setup.mjs'), '--for', 'fun']);
    expect(outcome.code).toBe(78);
    expect(outcome.stderr).toContain('usage: node setup.mjs [--for tests]');
  });

  describe('in a checkout of its own', () => {
    /** A copy whose look at the machine is played: `mariadb` and `jars` say what is there. */
    function checkoutWith({ mariadb = true, jars = true, lock = '1' }): void {
      copyFileSync(path.join(checkout, 'setup.mjs'), path.join(folder, 'setup.mjs'));
      write('package.json', '{"type":"module"}');
      write(
        'infra/local/programs.mjs',
        `import { existsSync, readFileSync } from 'node:fs';
         export const kafkaPom = 'pom.xml';
         export const kafkaJarFolder = ${JSON.stringify(path.join(folder, 'jars'))};
         export const kafkaPomHash = () => 'hash';
         export const findMariadb = () => ${mariadb} || existsSync('mariadb-is-there') ? {} : null;
         export const findPostgres = () => [{}];
         export const findJava = () => '/jvm/bin/java';
         export const findMaven = () => 'mvn';
         export const kafkaJars = () =>
           ${jars} || existsSync(kafkaJarFolder + '/complete.json') ? {} : null;`,
      );
      write('package-lock.json', lockFile('1'));
      write('node_modules/.package-lock.json', lockFile(lock));
      write('node_modules/.bin/node', '#!/bin/sh\necho v24.0.0\n', 0o755);
    }

    const lockFile = (version: string) =>
      JSON.stringify({ packages: { 'node_modules/a': { version, integrity: 'x' } } });

    function setUp(options: SpawnOptions = {}): Promise<Outcome> {
      const env = { ...process.env, PATH: `${folder}/node_modules/.bin:${stubPath()}` };
      return run(process.execPath, ['setup.mjs'], { cwd: folder, env, ...options });
    }

    it('says what to run as root when packages are missing and nothing may be installed', async () => {
      checkoutWith({ mariadb: false });
      stub('sudo', 'exit 1');
      stub('apt-cache', 'echo "  Candidate: 1.0"');
      const asNobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
      const { code, stderr } = await setUp(asNobody);
      expect(code).toBe(78);
      expect(stderr).toContain('apt-get install -y --no-install-recommends mariadb-server');
    });

    it.runIf(process.getuid?.() === 0)(
      'says what room it needs before it installs anything on a disk that is full',
      async () => {
        spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]);
        try {
          checkoutWith({ lock: '2' });
          stub('npm');
          const { code, stderr } = await setUp();
          expect(code).toBe(78);
          expect(stderr).toMatch(/has \d MiB free, the installation needs \d+ MiB.*Free space/s);
          expect(calls()).toEqual([]);
        } finally {
          spawnSync('umount', [folder]);
        }
      },
    );

    it('shows the end of a failed installation and what to do', async () => {
      checkoutWith({ mariadb: false });
      stub('sudo', 'shift; exec "$@"');
      stub('apt-cache', 'echo "  Candidate: 1.0"');
      stub('apt-get');
      write(
        'infra/local/install-debian-packages.sh',
        'echo "E: no space left in $1 for $2"; exit 1',
      );
      const { code, stderr } = await setUp();
      expect(code).toBe(1);
      expect(stderr).toContain('E: no space left in / for mariadb-server');
      expect(stderr).toContain('Install them by hand');
      expect(calls()).toContain('apt-get update -q');
    });

    it('installs packages although the lists cannot be brought up to date', async () => {
      checkoutWith({ mariadb: false });
      stub('sudo', 'shift; exec "$@"');
      stub('apt-cache', 'echo "  Candidate: 1.0"');
      stub('apt-get', 'exit 100');
      write('infra/local/install-debian-packages.sh', 'touch mariadb-is-there');
      await expect(setUp()).resolves.toMatchObject({
        code: 0,
        stderr: expect.stringContaining('ready in') as string,
      });
    });

    it('brings npm packages up to the lock file, by the machine’s own Node, then the jars', async () => {
      checkoutWith({ lock: '0', jars: false });
      stub(
        'npm',
        `echo "path $PATH" >>${folder}/path.log; cp package-lock.json node_modules/.package-lock.json`,
      );
      stub('mvn', 'for last; do :; done; touch "${last#-DoutputDirectory=}/a.jar"');
      const { code, stderr } = await setUp();
      expect(stderr).toContain('npm packages with Node 24; Kafka broker jars');
      expect(code).toBe(0);
      expect(calls()).toEqual([
        expect.stringMatching(/^npm install --no-save .*--include=optional$/),
        expect.stringMatching(/^mvn .*dependency:copy-dependencies/),
      ]);
      expect(readFileSync(path.join(folder, 'path.log'), 'utf8')).not.toContain('node_modules');
      const marker = readFileSync(path.join(folder, 'jars/complete.json'), 'utf8');
      expect(JSON.parse(marker)).toEqual({ pom: 'hash', jars: ['a.jar'] });
    });

    it('does not take other packages than those of the lock file', async () => {
      checkoutWith({ lock: '0' });
      stub('npm', 'exit 0');
      const { code, stderr } = await setUp();
      expect(code).toBe(1);
      expect(stderr).toContain('other packages than package-lock.json names');
    });

    it('leaves no half copied jars behind', async () => {
      checkoutWith({ jars: false });
      stub('mvn', 'echo "could not resolve artifact"; exit 1');
      const { code, stderr } = await setUp();
      expect(code).toBe(1);
      expect(stderr).toContain('could not resolve artifact');
      expect(existsSync(path.join(folder, 'jars'))).toBe(false);
    });

    it('says when npm itself is missing', async () => {
      checkoutWith({ lock: '0' });
      const env = { ...process.env, PATH: `${folder}/node_modules/.bin` };
      const { code, stderr } = await setUp({ env });
      expect(code).toBe(1);
      expect(stderr).toMatch(/npm.*ENOENT/s);
    });
  });
});

describe('install-debian-packages.sh', () => {
  const script = path.join(checkout, 'infra/local/install-debian-packages.sh');
  const policy = () => path.join(folder, 'usr/sbin/policy-rc.d');

  beforeEach(() => {
    mkdirSync(path.dirname(policy()), { recursive: true });
    stub('dpkg');
    stub('update-rc.d');
  });

  function install(): Promise<Outcome> {
    const env = { ...process.env, PATH: stubPath() };
    return run('sh', [script, folder, 'mariadb-server', 'postgresql-15'], { env });
  }

  /** apt as far as it matters here: it asks the policy, and services come with it. */
  function stubApt(more = ''): void {
    stub(
      'apt-get',
      `${policy()}; echo "policy says $?" >>${folder}/calls.log
       mkdir -p ${folder}/etc/init.d; touch ${folder}/etc/init.d/mariadb ${folder}/etc/init.d/postgresql
       ${more}`,
    );
  }

  it('forbids starts while apt works and leaves no policy where there was none', async () => {
    stubApt();
    await expect(install()).resolves.toMatchObject({ code: 0 });
    expect(calls()).toEqual([
      'dpkg --configure -a',
      expect.stringMatching(/^apt-get install -y .*--no-remove .*mariadb-server postgresql-15$/),
      'policy says 101',
      'update-rc.d mariadb disable',
      'update-rc.d postgresql disable',
    ]);
    expect(existsSync(policy())).toBe(false);
  });

  it('puts a policy back as it was, also after a failure', async () => {
    write('usr/sbin/policy-rc.d', '#!/bin/sh\nexit 42\n', 0o750);
    stubApt('exit 100');
    await expect(install()).resolves.toMatchObject({ code: 1 });
    expect(calls()).toContain('policy says 101');
    expect(readFileSync(policy(), 'utf8')).toBe('#!/bin/sh\nexit 42\n');
    expect(statSync(policy()).mode & 0o777).toBe(0o750);
  });

  it('spares services that were there before', async () => {
    write('etc/init.d/postgresql', '');
    stubApt();
    await install();
    expect(calls()).toContain('update-rc.d mariadb disable');
    expect(calls()).not.toContain('update-rc.d postgresql disable');
  });

  it('puts the policy back after a signal, once apt has ended', async () => {
    write('usr/sbin/policy-rc.d', 'before');
    stubApt(
      `until [ -e ${folder}/go-on ]; do sleep 0.05; done; echo "apt ended" >>${folder}/calls.log`,
    );
    const env = { ...process.env, PATH: stubPath() };
    const child = spawn('sh', [script, folder, 'mariadb-server'], { env, stdio: 'ignore' });
    await vi.waitFor(() => expect(calls()).toContain('policy says 101'));
    child.kill('SIGTERM');
    write('go-on', '');
    await expect(once(child, 'close')).resolves.toEqual([130, null]);
    expect(calls()).toContain('apt ended');
    expect(readFileSync(policy(), 'utf8')).toBe('before');
  });

  it('mends what a killed run left behind', async () => {
    write('usr/sbin/policy-rc.d', 'before');
    stubApt(`until [ -e ${folder}/go-on ]; do sleep 0.05; done`);
    const env = { ...process.env, PATH: stubPath() };
    const child = spawn('sh', [script, folder, 'mariadb-server'], { env, stdio: 'ignore' });
    await vi.waitFor(() => expect(calls()).toContain('policy says 101'));
    child.kill('SIGKILL');
    write('go-on', '');
    await once(child, 'close');
    expect(readFileSync(policy(), 'utf8')).not.toBe('before');

    await install();
    expect(readFileSync(policy(), 'utf8')).toBe('before');
  });
});
