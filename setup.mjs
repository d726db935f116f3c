#!/usr/bin/env node
/**
 * Installs what `npm start` and `npm test` need, then hands over. Runs on Node 18 or newer, before
 * anything is installed, so it is plain JavaScript without dependencies.
 *
 *   node setup.mjs               what the local stack needs
 *   node setup.mjs --for tests   and what only tests and tools need: their packages, a browser
 *
 * Writes to standard error. Exit codes: 0 ready, 78 this system or user cannot be set up (the
 * message says what to do), 1 an installation failed, 130 interrupted.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as programs from './infra/local/programs.mjs';

const root = dirname(fileURLToPath(import.meta.url));
const nodeMajor = Number(process.versions.node.split('.')[0]);
const EXIT_CONFIG = 78;
/** Of a failed command's output: the cause tends to stand at its beginning or its end. */
const HEAD_LINES = 10;
const TAIL_LINES = 20;

class SetupError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

const say = (text) => process.stderr.write(`setup: ${text}\n`);
const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

// ---------------------------------------------------------------- running commands

let interrupted = false;
let running = null;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    interrupted = true;
    running?.kill('SIGTERM');
  });
}

/** Runs one command; its output is shown only if it fails. */
function run(title, command, args, { env = process.env, remedy = '' } = {}) {
  const began = Date.now();
  say(`${title} …`);
  return new Promise((resolve, reject) => {
    if (interrupted) return reject(new SetupError('interrupted; run it again to go on', 130));
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    running = child;
    let output = '';
    const keep = (chunk) => (output += String(chunk));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => (output += error.message));
    child.on('close', (code) => {
      running = null;
      if (interrupted) return reject(new SetupError('interrupted; run it again to go on', 130));
      if (code === 0) {
        say(`${title}: done in ${seconds(began)}`);
        return resolve();
      }
      const failed = `${title} failed after ${seconds(began)}: ${command} ${args.join(' ')}`;
      reject(new SetupError(`${failed}\n${excerpt(output)}\n${remedy}`));
    });
  });
}

function excerpt(output) {
  const lines = output.trimEnd().split('\n');
  const left = lines.length - HEAD_LINES - TAIL_LINES;
  if (left > 0) lines.splice(HEAD_LINES, left, `[… ${left} lines]`);
  return lines.map((line) => `  ${line}`).join('\n');
}

// ---------------------------------------------------------------- the system

function osRelease() {
  const text = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  return Object.fromEntries(
    [...text.matchAll(/^([A-Z_]+)="?([^"\n]*)"?$/gm)].map(([, name, value]) => [name, value]),
  );
}

/** Debian 12 and Ubuntu 24.04 are the first with MariaDB 10.11, PostgreSQL 15 and Java 17. */
const oldestRelease = { debian: 12, ubuntu: 24.04 };

function checkSystem() {
  const supported = 'Debian 12 or newer and Ubuntu 24.04 or newer, on x64 or arm64';
  const refuse = (found) => {
    throw new SetupError(
      `this machine runs ${found}; the local stack is made for ${supported}.\n` +
        'Use such a machine, a virtual machine or a container of it.',
      EXIT_CONFIG,
    );
  };
  if (process.platform !== 'linux') refuse(`${process.platform} (${process.arch})`);
  const { ID = '', ID_LIKE = '', VERSION_ID = '', PRETTY_NAME = 'an unknown Linux' } = osRelease();
  if (!['x64', 'arm64'].includes(process.arch)) refuse(`${PRETTY_NAME} on ${process.arch}`);
  const related = [ID, ...ID_LIKE.split(' ')].some((id) => id in oldestRelease);
  // Debian's testing and unstable have no VERSION_ID.
  const tooOld = VERSION_ID !== '' && Number(VERSION_ID) < (oldestRelease[ID] ?? 0);
  if (!related || tooOld) refuse(PRETTY_NAME);
  if (nodeMajor < 18) {
    throw new SetupError(
      `this is Node ${process.versions.node}; it takes Node 18 or newer to install Node 24.\n` +
        'Install a newer Node, for example: sudo apt-get install nodejs npm',
      EXIT_CONFIG,
    );
  }
}

// ---------------------------------------------------------------- npm packages

const nodeBinary = join(root, 'node_modules/.bin/node');

const readPackages = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;

/** Whether node_modules holds what package-lock.json names; npm writes its own list last. */
function npmPackagesInstalled(forTests) {
  const installedFile = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installedFile) || !existsSync(nodeBinary)) return false;
  const wanted = readPackages(join(root, 'package-lock.json'));
  const installed = readPackages(installedFile);
  const same = (path) =>
    installed[path]?.version === wanted[path]?.version &&
    installed[path]?.integrity === wanted[path]?.integrity;
  const needed = Object.keys(wanted).filter(
    (path) => path !== '' && neededHere(wanted[path]) && (forTests || !wanted[path].dev),
  );
  return Object.keys(installed).every(same) && needed.every(same);
}

/** Optional packages hold binaries: those made for this machine are needed, the others cannot be. */
function neededHere({ optional, os, cpu, libc = 'glibc' }) {
  const names = (list, value) => list !== undefined && [list].flat().includes(value);
  return !optional || (names(os, 'linux') && names(cpu, process.arch) && names(libc, 'glibc'));
}

/** Runs npm with these folders first on PATH, never on a Node below node_modules: it is replaced. */
function npm(title, args, firstOnPath = []) {
  const path = (process.env.PATH ?? '').split(':').filter((each) => !each.includes('node_modules'));
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  return run(title, 'npm', ['install', ...quiet, ...args], {
    env: { ...process.env, PATH: [...firstOnPath, ...path].join(':') },
    remedy: 'Check the network and the npm registry setting (npm ping), then run it again.',
  });
}

/**
 * Not `npm ci`: it refuses a lock file from a registry that lacks packages for other platforms,
 * although none of them is wanted here. That all versions are the lock file's is checked afterwards.
 */
async function installNpmPackages(forTests) {
  // What is there for the tests stays: npm would remove it with --omit=dev.
  const withTools = forTests || existsSync(join(root, 'node_modules/vitest'));
  const all = [withTools ? '--include=dev' : '--omit=dev', '--include=optional'];
  if (nodeMajor >= 24) {
    await npm('npm packages', all);
  } else {
    // An npm on an older Node leaves out binaries that say they need a newer one, in silence.
    const folder = mkdtempSync(join(tmpdir(), 'careplus-node-'));
    try {
      const node = `node-linux-${process.arch}`;
      const { optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
      await npm('Node 24', ['--prefix', folder, `${node}@${optionalDependencies[node]}`]);
      await npm('npm packages', all, [join(folder, 'node_modules', node, 'bin')]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  if (npmPackagesInstalled(forTests)) return;
  throw new SetupError(
    existsSync(nodeBinary)
      ? 'npm installed other packages than package-lock.json names: it does not belong to ' +
          'package.json.\nBring it up to date (npm install) and commit it.'
      : `npm did not install Node 24 (package node-linux-${process.arch}).\n` +
          'Check that nothing tells npm to omit optional packages (npm config get omit).',
  );
}

// ---------------------------------------------------------------- Debian packages

/** What is missing, each as a list of packages of which the first that apt knows is taken. */
function missingPackages(forTests) {
  const missing = [];
  if (programs.findMariadb() === null) missing.push(['mariadb-server']);
  if (programs.findPostgres().length === 0) missing.push(['postgresql-15', 'postgresql']);
  if (programs.findJava() === null) {
    missing.push(['openjdk-17-jre-headless', 'openjdk-21-jre-headless', 'default-jre-headless']);
  }
  if (programs.kafkaJars() === null && programs.findMaven() === null) missing.push(['maven']);
  if (forTests && programs.findChromium() === null) missing.push(['chromium', 'chromium-browser']);
  return missing;
}

function aptKnows(name) {
  const { stdout } = spawnSync('apt-cache', ['policy', name], { encoding: 'utf8' });
  return /Candidate: (?!\(none\))/.test(stdout ?? '');
}

const installScript = join(root, 'infra/local/install-debian-packages.sh');

/** The words before a command that make it run as root; null if this user cannot. */
function rootPrefix() {
  if (process.getuid() === 0) return [];
  const sudo = spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' });
  return sudo.status === 0 ? ['sudo', '-n'] : null;
}

function refuseWithoutRoot(missing) {
  const names = missing.map((alternatives) => alternatives.find(aptKnows) ?? alternatives[0]);
  throw new SetupError(
    `missing Debian packages, and this user is neither root nor may use sudo without a password.\n` +
      'Run this once as root, then start again:\n' +
      `  apt-get update && apt-get install -y --no-install-recommends ${names.join(' ')}`,
    EXIT_CONFIG,
  );
}

async function installDebianPackages(missing, prefix) {
  const asRoot = (...command) => {
    const [program, ...args] = [...prefix, ...command];
    return [program, args];
  };
  await run('Debian package lists', ...asRoot('apt-get', 'update', '-q')).catch((error) => {
    if (interrupted) throw error;
    say(`${error.message}\nGoing on with the lists that are there.`);
  });
  const names = missing.map((alternatives) => alternatives.find(aptKnows) ?? alternatives[0]);
  const title = `Debian packages ${names.join(' ')} (their servers are not started)`;
  await run(title, ...asRoot('sh', installScript, '/', ...names), {
    remedy: `Install them by hand, then run it again:\n  apt-get install ${names.join(' ')}`,
  });
}

// ---------------------------------------------------------------- Kafka

/** Copies the broker's jars; Maven takes them from its local repository or fetches them. */
async function fetchKafkaJars() {
  const folder = programs.kafkaJarFolder;
  const partial = `${folder}.partial-${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    const args = ['-B', '-q', '-C', '-f', programs.kafkaPom, 'dependency:copy-dependencies'];
    await run(
      'Kafka broker jars',
      programs.findMaven() ?? 'mvn',
      [...args, '-DincludeScope=runtime', `-DoutputDirectory=${partial}`],
      {
        env: { ...process.env, JAVA_HOME: dirname(dirname(programs.findJava() ?? '')) },
        remedy:
          'Check that Maven reaches its repository (or ~/.m2 holds the jars), then run it again.',
      },
    );
    const jars = readdirSync(partial).sort();
    const complete = { pom: programs.kafkaPomHash(), jars };
    writeFileSync(join(partial, 'complete.json'), JSON.stringify(complete));
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

// ---------------------------------------------------------------- room

/** MiB that npm packages and broker jars take; apt looks after its own. */
const ROOM_MIB = { start: 700, tests: 1200 };

function checkRoom(forTests) {
  // Not on Node 18.0 to 18.14: npm tells it then, later.
  if (fs.statfsSync === undefined) return;
  const { bavail, bsize } = fs.statfsSync(root);
  const free = Math.floor((bavail * bsize) / 1024 / 1024);
  const needed = forTests ? ROOM_MIB.tests : ROOM_MIB.start;
  if (free >= needed) return;
  throw new SetupError(
    `the disk of ${root} has ${free} MiB free, the installation needs ${needed} MiB.\n` +
      'Free space there, or clone the project onto another disk.',
    EXIT_CONFIG,
  );
}

// ---------------------------------------------------------------- all of it

/** Every part that is missing, in the order in which they must be installed. */
function plan(forTests) {
  const debian = missingPackages(forTests);
  const steps = [];
  if (!npmPackagesInstalled(forTests)) {
    const install = () => installNpmPackages(forTests);
    steps.push({ what: 'npm packages with Node 24', install });
  }
  if (debian.length > 0) {
    const prefix = rootPrefix();
    if (prefix === null) refuseWithoutRoot(debian);
    steps.push({
      what: `Debian packages: ${debian.map((names) => names[0]).join(', ')}`,
      install: () => installDebianPackages(debian, prefix),
    });
  }
  if (programs.kafkaJars() === null) {
    steps.push({ what: 'Kafka broker jars', install: fetchKafkaJars });
  }
  return steps;
}

async function main(args) {
  const known =
    args.length === 0 || (args.length === 2 && args[0] === '--for' && args[1] === 'tests');
  if (!known) throw new SetupError('usage: node setup.mjs [--for tests]', EXIT_CONFIG);
  const began = Date.now();
  checkSystem();
  const forTests = args.length > 0;
  const steps = plan(forTests);
  if (steps.length === 0) return;
  checkRoom(forTests);
  say(`missing: ${steps.map(({ what }) => what).join('; ')}`);
  say('installing it now; all of it takes about a minute on a bare machine');
  for (const { install } of steps) await install();
  const left = plan(forTests).map(({ what }) => what);
  if (left.length > 0)
    throw new SetupError(`still missing after the installation: ${left.join('; ')}`);
  say(`ready in ${seconds(began)}`);
}

main(process.argv.slice(2)).catch((error) => {
  say(error instanceof SetupError ? error.message : String(error.stack ?? error));
  process.exitCode = error.exitCode ?? 1;
});
