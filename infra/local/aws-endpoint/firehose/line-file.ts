import { type FileHandle, open } from 'node:fs/promises';

const WRITE_BYTES = 1024 * 1024;

/** A file of lines, written in large pieces. */
export class LineFile {
  readonly #handle: FileHandle;
  #lines: string[] = [];
  #length = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  static async create(path: string): Promise<LineFile> {
    return new LineFile(await open(path, 'w'));
  }

  add(line: string): void {
    this.#lines.push(line, '\n');
    this.#length += line.length + 1;
  }

  /** Writes what has gathered, if it is worth a write. */
  async flushFull(): Promise<void> {
    if (this.#length >= WRITE_BYTES) await this.#flush();
  }

  async close(): Promise<void> {
    try {
      await this.#flush();
    } finally {
      await this.#handle.close();
    }
  }

  async #flush(): Promise<void> {
    const text = this.#lines.join('');
    this.#lines = [];
    this.#length = 0;
    await this.#handle.writeFile(text);
  }
}
