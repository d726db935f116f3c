import { open } from 'node:fs/promises';
import { PipelineError } from '../../runtime/pipeline-error.ts';

/** What archives and compressed files begin with, in hex, but for gzip. */
const refused: readonly (readonly [begin: string, name: string])[] = [
  ['504b0304', 'a ZIP archive'],
  ['28b52ffd', 'compressed by zstd'],
  ['fd377a585a00', 'compressed by xz'],
  ['425a68', 'compressed by bzip2'],
  ['377abcaf271c', 'a 7z archive'],
  ['04224d18', 'compressed by lz4'],
];

/**
 * Looks at how a dump begins, whatever its name says.
 *
 * @returns whether it is compressed by gzip, the one that is read.
 * @throws {PipelineError} CFG_9007 when it is packed in another way; the file system's errors.
 */
export async function isGzipped(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(8), 0, 8, 0);
    const begin = buffer.subarray(0, bytesRead).toString('hex');
    const packed = refused.find(([of]) => begin.startsWith(of));
    if (packed) {
      throw new PipelineError(
        'CFG_9007',
        `${file} is ${packed[1]}, which is not read: unpack it; SQL as it is or compressed by gzip is taken`,
      );
    }
    return begin.startsWith('1f8b');
  } finally {
    await handle.close();
  }
}
