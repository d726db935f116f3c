/**
 * Where the parts of the local stack keep their files below the state folder, as which user they
 * run, and their passwords.
 *
 *   stateDir/run/NAME.pid   logs/NAME.log   secrets/NAME.password   NAME/ (data)
 *
 * Tests: give a folder of `mkdtemp` as the state folder and delete it with `removeState`.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { PipelineError } from '../../runtime/pipeline-error.ts';

export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

export interface StateFolders {
  readonly run: string;
  readonly logs: string;
  readonly secrets: string;
}

/** Data folders of servers that may not run as root, when the state folder is closed to them. */
const SYSTEM_STATE = '/var/lib/careplus-streams';

/** Tickets, logs and what is told of them are nobody else's on this machine. */
const PRIVATE = 0o700;

/**
 * Creates the folders that all parts share. Those with data in them are closed; the folder above
 * lets the servers' own users pass.
 */
export function openStateFolders(stateDir: string): StateFolders {
  const folders = {
    run: join(stateDir, 'run'),
    logs: join(stateDir, 'logs'),
    secrets: join(stateDir, 'secrets'),
  };
  mkdirSync(folders.run, { recursive: true });
  for (const folder of [folders.logs, folders.secrets, join(stateDir, 'aws')]) close(folder);
  return folders;
}

/** Not those above it, which servers pass. One of an earlier version may be open. */
function close(folder: string): void {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, PRIVATE);
}

/** @returns the path of a password file and its content, made at random the first time. */
export function openSecret(stateDir: string, name: string): { file: string; password: string } {
  const file = join(openStateFolders(stateDir).secrets, `${name}.password`);
  if (!existsSync(file)) {
    writeFileSync(file, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  }
  return { file, password: readFileSync(file, 'utf8').trimEnd() };
}

/**
 * As whom a server runs that must not be root: the first of `names` that exists when we are root,
 * undefined (ourselves) when we are not.
 * @throws {PipelineError} CFG_9003 if none exists.
 */
export function serverUser(...names: readonly string[]): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const entries = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of names) {
    const entry = entries.find(([user]) => user === name);
    if (entry !== undefined) return { uid: Number(entry[2]), gid: Number(entry[3]) };
  }
  throw new PipelineError(
    'CFG_9003',
    `the user ${names.join(' or ')} is missing; Debian's package of that server creates it: ` +
      'apt-get install mariadb-server postgresql',
  );
}

/**
 * Creates the data folder of a part, owned by its user. When that user cannot pass the folders above
 * the state folder (a checkout below /root), it lies below /var/lib instead and a note in the state
 * folder says so: opening other people's folders is not ours to do. `removeState` deletes both.
 */
export function openDataFolder(stateDir: string, name: string, user?: SystemUser): string {
  mkdirSync(stateDir, { recursive: true });
  const reachable = user === undefined || isReachable(dirname(resolve(stateDir)), user);
  const folder = reachable ? join(stateDir, name) : join(systemFolder(stateDir), name);
  close(folder);
  if (!reachable) {
    writeFileSync(
      join(stateDir, `${name}.location`),
      `${folder}\nThe server's user cannot pass a folder above ${resolve(stateDir)}.\n`,
    );
  }
  if (user !== undefined) {
    chownSync(folder, user.uid, user.gid);
    // The state folder itself is ours: the servers may pass it, not list it.
    if (reachable) chmodSync(stateDir, (statSync(stateDir).mode & 0o7777) | 0o001);
  }
  return folder;
}

/** Deletes the state folder and what of it lies below /var/lib. Nothing may be running there. */
export function removeState(stateDir: string): void {
  rmSync(systemFolder(stateDir), { recursive: true, force: true });
  rmSync(stateDir, { recursive: true, force: true });
}

function systemFolder(stateDir: string): string {
  const id = createHash('sha256').update(resolve(stateDir)).digest('hex').slice(0, 16);
  return join(SYSTEM_STATE, id);
}

/** Whether the user may pass every folder from the root down to this one. */
function isReachable(folder: string, user: SystemUser): boolean {
  const { uid, gid, mode } = statSync(folder);
  const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
  const passable = (mode & bit) !== 0;
  return passable && (folder === '/' || isReachable(dirname(folder), user));
}
