import { open, type FileHandle } from 'node:fs/promises';
import { openLogFiles, readHead, type LogFile, type LogFileNames } from './log-files.ts';
import { splitLogFile, type FilePiece, type LineLooks } from './log-splitting.ts';

/** Listed files that stay open: they are read as they were listed, whatever becomes of their names. */
export interface HeldLogFiles extends AsyncDisposable {
  /** Each once, whatever names it has, in the order of their paths. */
  readonly files: readonly LogFile[];
  /**
   * Gives the pieces of one of them, as far as it was listed.
   *
   * @returns whether that was all that it held then; not so if it was cut or overwritten since.
   */
  read(
    file: LogFile,
    looks: LineLooks,
    use: (pieces: AsyncIterable<FilePiece>) => Promise<void>,
  ): Promise<boolean>;
}

/** Files that are held at most. The others, which changed longest ago, are opened again by name. */
const MAX_HELD = 512;
const CHUNK_BYTES = 256 * 1024;

/** @throws {PipelineError} LOG_2001 for a file that may not be read. */
export async function holdLogFiles(names: LogFileNames): Promise<HeldLogFiles> {
  const files: LogFile[] = [];
  const held = new Map<LogFile, { readonly handle: FileHandle; readonly changedMs: number }>();
  const release = async (file: LogFile) => {
    const { handle } = held.get(file) ?? {};
    held.delete(file);
    await handle?.close();
  };
  const releaseAll = async () => {
    for (const file of [...held.keys()]) await release(file);
  };
  try {
    for await (const { file, ...rest } of openLogFiles(names)) {
      files.push(file);
      held.set(file, rest);
      if (held.size <= MAX_HELD) continue;
      const [oldest] = [...held].toSorted(([, a], [, b]) => a.changedMs - b.changedMs);
      if (oldest) await release(oldest[0]);
    }
  } catch (error) {
    await releaseAll();
    throw error;
  }
  return {
    files,
    async read(file, looks, use) {
      const kept = held.get(file)?.handle;
      const handle = kept ?? (await open(file.path).catch(() => undefined));
      try {
        const isThere = handle !== undefined && (await isSame(handle, file));
        await use(splitLogFile(looks, isThere ? chunksOf(handle, file.size) : []));
        return isThere && (await isSame(handle, file));
      } finally {
        if (kept === undefined) await handle?.close();
      }
    },
    [Symbol.asyncDispose]: releaseAll,
  };
}

/** Whether the file is the listed one and can still hold what that held. */
async function isSame(handle: FileHandle, file: LogFile): Promise<boolean> {
  const { dev, ino, size } = await handle.stat({ bigint: true });
  if (String(dev) !== file.device || String(ino) !== file.inode || size < file.size) return false;
  return (await readHead(handle, file.head.length)).equals(file.head);
}

async function* chunksOf(
  handle: FileHandle,
  size: number,
): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < size;) {
    const length = Math.min(CHUNK_BYTES, size - at);
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, at);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}
