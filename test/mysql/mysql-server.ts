/**
 * A real MySQL server of Debian unstable in a folder of its own, for tests: Debian's stable
 * releases carry MariaDB only. Needs root, debootstrap and the machine's own Debian mirror;
 * touches nothing of the system outside of its folder.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createConnection } from 'mysql2/promise';

export interface MysqlServer {
  /** `mysql://user:password@host:port` of an administrator. */
  readonly address: string;
  stop(): Promise<void>;
}

/** @returns why no such server can be set up here; undefined when it can. */
export function whyNoMysql(): string | undefined {
  if (process.getuid?.() !== 0) return 'it takes root (chroot)';
  if (spawnSync('debootstrap', ['--version']).error) {
    return 'debootstrap is missing: apt-get install debootstrap';
  }
  return debianMirror() === undefined ? 'no Debian mirror is named in /etc/apt' : undefined;
}

/** The first Debian mirror of this machine's package sources. */
function debianMirror(): string | undefined {
  const folder = '/etc/apt/sources.list.d';
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync(folder) ? readdirSync(folder).map((file) => path.join(folder, file)) : []),
  ];
  for (const file of files.filter((each) => existsSync(each))) {
    const text = readFileSync(file, 'utf8');
    const found = /^(?:deb\s+(?:\[[^\]]*\]\s*)?|URIs:\s*)(https?:\S+\/debian\/?)(?:\s|$)/m.exec(
      text,
    );
    if (found?.[1] !== undefined) return found[1];
  }
  return undefined;
}

const PACKAGES = 'mysql-server-core,mysql-client-core';

/** Lays the server's files down in a folder, unless they are there. */
function layDown(root: string): void {
  if (existsSync(path.join(root, 'usr/sbin/mysqld'))) return;
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  must(
    'debootstrap',
    '--variant=minbase',
    `--include=${PACKAGES}`,
    'sid',
    root,
    debianMirror() ?? '',
  );
}

function must(program: string, ...args: string[]): void {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status === 0) return;
  const end = `${stdout}\n${stderr}`.trimEnd().split('\n').slice(-15).join('\n');
  throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? end}`);
}

const options = (port: number) => `[mysqld]
user = root
datadir = /data
socket = /data/mysqld.sock
pid_file = /data/mysqld.pid
bind_address = 127.0.0.1
port = ${port}
mysqlx = OFF
secure_file_priv =
server_id = 1
binlog_row_metadata = FULL
gtid_mode = ON
enforce_gtid_consistency = ON
`;

const READY_MS = 30_000;

/**
 * Starts an empty server.
 *
 * @param root folder of the server's files; they stay for the next time, the data does not.
 */
export async function startMysql(root: string, port: number): Promise<MysqlServer> {
  layDown(root);
  const data = path.join(root, 'data');
  rmSync(data, { recursive: true, force: true });
  mkdirSync(data);
  writeFileSync(path.join(root, 'my.cnf'), options(port));
  if (!existsSync(path.join(root, 'proc/self')))
    must('mount', '-t', 'proc', 'proc', path.join(root, 'proc'));
  const release = () => spawnSync('umount', [path.join(root, 'proc')]);
  const mysqld = ['mysqld', '--defaults-file=/my.cnf'];
  try {
    must('chroot', root, ...mysqld, '--initialize-insecure');
    const child = spawn('chroot', [root, ...mysqld], { stdio: 'ignore' });
    await ready(port, child);
    return {
      address: `mysql://root:@127.0.0.1:${port}`,
      async stop() {
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
        release();
        rmSync(data, { recursive: true, force: true });
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

async function ready(port: number, child: ChildProcess): Promise<void> {
  const until = Date.now() + READY_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`mysqld ended with ${child.exitCode}`);
    try {
      const connection = await createConnection({ host: '127.0.0.1', port, user: 'root' });
      await connection.end();
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
