import { createReadStream, type BigIntStats } from 'node:fs';
import { glob, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { splitLogFile, type FilePiece, type LineLooks } from './log-splitting.ts';

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

/** @returns the files that match, each once whatever names it has, in the order of their paths. */
export async function listLogFiles({ patterns, elsewhere = [] }: LogFileNames): Promise<LogFile[]> {
  const files = new Map<string, LogFile>();
  const others = new Set((await namedFiles(elsewhere)).map(({ key }) => key));
  for (const { name, key, stats } of await namedFiles(patterns)) {
    if (others.has(key) || files.has(key)) continue;
    const [device, inode] = [String(stats.dev), String(stats.ino)];
    const size = Number(stats.size);
    const head = await readBytes(name, 0, Math.min(size, HEAD_BYTES));
    files.set(key, { path: name, device, inode, size, head });
  }
  return [...files.values()];
}

async function namedFiles(patterns: readonly string[]) {
  const names = new Set<string>();
  for (const pattern of patterns) {
    for await (const name of glob(path.resolve(pattern))) names.add(name);
  }
  const files: { readonly name: string; readonly key: string; readonly stats: BigIntStats }[] = [];
  for (const name of [...names].sort()) {
    if (COMPRESSED.test(name)) continue;
    const stats = await statOf(name);
    if (stats?.isFile()) files.push({ name, key: `${stats.dev}:${stats.ino}`, stats });
  }
  return files;
}

/** The pieces of a file as far as it was listed. */
export function readLogFile(
  looks: LineLooks,
  { path: name, size }: LogFile,
): AsyncIterable<FilePiece> {
  const chunks = size === 0 ? [] : createReadStream(name, { start: 0, end: size - 1 });
  return splitLogFile(looks, chunks);
}

/** @returns the bytes of a stretch of a file; fewer where the file is shorter. */
async function readBytes(name: string, offset: number, length: number): Promise<Buffer> {
  const file = await open(name);
  try {
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await file.read(buffer, 0, length, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** A file may go between its listing and this look. */
async function statOf(name: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(name, { bigint: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
