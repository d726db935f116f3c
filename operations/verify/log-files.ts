import type { BigIntStats } from 'node:fs';
import { glob, open, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { errorText, PipelineError } from '../../runtime/pipeline-error.ts';

/** A log file as it was at one moment. */
export interface LogFile {
  readonly path: string;
  readonly device: string;
  readonly inode: string;
  /** Bytes that it held; what is written later is no matter of this reading. */
  readonly size: number;
  /** Its first bytes, by which it is known. */
  readonly head: Buffer;
}

/** Bytes of a file's beginning that are kept; a checkpoint's fingerprint covers at most so many. */
const HEAD_BYTES = 1024;
const COMPRESSED = /\.(gz|bz2|xz|zst|Z)$/;

/** Which files are meant: paths with `*` and `?`. */
export interface LogFileNames {
  readonly patterns: readonly string[];
  /** What these name belongs to another format, whatever else names it. */
  readonly elsewhere?: readonly string[];
}

/**
 * @returns the files that match, each once whatever names it has, in the order of their paths.
 * @throws {PipelineError} LOG_2001 for a file that may not be read.
 */
export async function listLogFiles(names: LogFileNames): Promise<LogFile[]> {
  const files: LogFile[] = [];
  for await (const { file, handle } of openLogFiles(names)) {
    await handle.close();
    files.push(file);
  }
  return files;
}

/** A file that was listed through its open handle, which the caller closes. */
export interface OpenLogFile {
  readonly file: LogFile;
  readonly handle: FileHandle;
  readonly changedMs: number;
}

/** Opens the files that match one by one; see {@link listLogFiles}. */
export async function* openLogFiles({
  patterns,
  elsewhere = [],
}: LogFileNames): AsyncGenerator<OpenLogFile, void, undefined> {
  const seen = new Set((await namedFiles(elsewhere)).map(({ key }) => key));
  for (const { name } of await namedFiles(patterns)) {
    const handle = await unlessVanished(name, () => open(name));
    if (handle === undefined) continue;
    // The name may lead to another file by now.
    const stats = await handle.stat({ bigint: true });
    const key = keyOf(stats);
    if (seen.has(key)) {
      await handle.close();
      continue;
    }
    seen.add(key);
    const [device, inode, size] = [String(stats.dev), String(stats.ino), Number(stats.size)];
    const head = await readHead(handle, Math.min(size, HEAD_BYTES));
    const file = { path: name, device, inode, size, head };
    yield { file, handle, changedMs: Number(stats.mtimeMs) };
  }
}

async function namedFiles(patterns: readonly string[]) {
  const names = new Set<string>();
  for (const pattern of patterns) {
    for await (const name of glob(path.resolve(pattern))) names.add(name);
  }
  const files: { readonly name: string; readonly key: string }[] = [];
  for (const name of [...names].sort()) {
    if (COMPRESSED.test(name)) continue;
    const stats = await unlessVanished(name, () => stat(name, { bigint: true }));
    if (stats?.isFile()) files.push({ name, key: keyOf(stats) });
  }
  return files;
}

/** @returns the first bytes of a file; fewer where it is shorter. */
export async function readHead(handle: FileHandle, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, 0);
  return buffer.subarray(0, bytesRead);
}

function keyOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

const VANISHED: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

/**
 * @returns undefined where a name leads nowhere, or no longer: files go between two looks.
 * @throws {PipelineError} LOG_2001
 */
async function unlessVanished<T>(name: string, look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (cause) {
    if (VANISHED.has((cause as NodeJS.ErrnoException).code)) return undefined;
    throw new PipelineError('LOG_2001', `${name} cannot be read: ${errorText(cause)}`, { cause });
  }
}
