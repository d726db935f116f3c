/**
 * Finds the foreign programs of the local stack. Plain JavaScript without dependencies, because
 * setup.mjs runs it before anything is installed; types are in programs.d.mts.
 *
 *   findMariadb()?.server     '/usr/sbin/mariadbd'
 *   findJava()                '/usr/lib/jvm/java-17-openjdk-amd64/bin/java'
 *   kafkaJars()?.classPath    null while setup.mjs has not fetched them
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The oldest versions that the local stack works with. */
const required = { postgres: 15, java: 17 };

export const kafkaPom = join(root, 'infra/local/kafka-pom.xml');
export const kafkaJarFolder = join(root, 'node_modules/.cache/careplus/kafka-4.1.2');

function onPath(program, env = process.env) {
  const folders = [...(env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin'];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path));
}

function foldersIn(path) {
  return existsSync(path) ? readdirSync(path).map((name) => join(path, name)) : [];
}

/** @returns the paths of server, initial installation and client, or null if one is missing. */
export function findMariadb() {
  const server = onPath('mariadbd');
  const installDb = onPath('mariadb-install-db');
  const client = onPath('mariadb');
  return server && installDb && client ? { server, installDb, client } : null;
}

/** @returns the installed PostgreSQL servers that are new enough, oldest first. */
export function findPostgres() {
  return foldersIn('/usr/lib/postgresql')
    .map((folder) => ({ major: Number(folder.split('/').at(-1)), bin: join(folder, 'bin') }))
    .filter(({ major, bin }) => major >= required.postgres && existsSync(join(bin, 'postgres')))
    .sort((a, b) => a.major - b.major);
}

/** @returns the path of the oldest Java that is new enough, or null. */
export function findJava() {
  const homes = [process.env.JAVA_HOME ?? '', ...foldersIn('/usr/lib/jvm')];
  const found = homes
    .filter((home) => home !== '' && existsSync(join(home, 'bin/java')))
    .map((home) => ({ java: join(home, 'bin/java'), major: javaMajor(home) }))
    .filter(({ major }) => major >= required.java)
    .sort((a, b) => a.major - b.major);
  return found[0]?.java ?? null;
}

function javaMajor(home) {
  const release = join(home, 'release');
  const text = existsSync(release) ? readFileSync(release, 'utf8') : '';
  return Number(/^JAVA_VERSION="(\d+)/m.exec(text)?.[1] ?? 0);
}

export function findMaven() {
  return onPath('mvn') ?? null;
}

/** @returns the path of a browser for the tests, or null. */
export function findChromium() {
  return onPath('chromium') ?? onPath('chromium-browser') ?? onPath('google-chrome') ?? null;
}

/** What the folder of jars must be marked with: another pom means other jars. */
export function kafkaPomHash() {
  return createHash('sha256').update(readFileSync(kafkaPom)).digest('hex');
}

/** @returns the class path of the broker, or null while its jars are missing or of another pom. */
export function kafkaJars() {
  const marker = join(kafkaJarFolder, 'complete.json');
  if (!existsSync(marker)) return null;
  const { pom, jars } = JSON.parse(readFileSync(marker, 'utf8'));
  const paths = jars.map((name) => join(kafkaJarFolder, name));
  if (pom !== kafkaPomHash() || !paths.every((path) => existsSync(path))) return null;
  return { classPath: paths.join(':') };
}
