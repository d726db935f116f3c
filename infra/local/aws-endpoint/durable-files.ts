import { randomUUID } from 'node:crypto';
import { link, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Makes the names in a folder survive a power loss. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Writes a small file durably and atomically: temporary file, fsync, rename, fsync of the folder.
 *
 * @param isNew the name must not exist yet; of several writers one wins.
 * @returns false where `isNew` was asked and the name exists.
 */
export async function writeDurably(
  path: string,
  content: string,
  { isNew = false, temporaryFolder = dirname(path) } = {},
): Promise<boolean> {
  const temporary = join(temporaryFolder, `${basename(path).slice(0, 100)}.${randomUUID()}.tmp`);
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (isNew) {
      if (!(await linkNew(temporary, path))) return false;
    } else {
      await rename(temporary, path);
    }
    await syncFolder(dirname(path));
    return true;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Whether a file system error has that code, such as `ENOENT`. */
export function hasErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
