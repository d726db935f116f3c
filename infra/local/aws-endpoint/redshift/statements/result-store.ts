import { closeSync, mkdtempSync, openSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  columnMetadata,
  fieldEncoder,
  type ColumnMetadata,
  type Field,
  type PostgresColumn,
} from '../wire/result-values.ts';

/** Limits of the Data API (data-api, "Considerations"). */
const MAX_ROW_BYTES = 64 * 1024;
const MAX_RESULT_BYTES = 500 * 1024 * 1024;
const PAGE_ROWS = 1_000;
const PAGE_BYTES = 1024 * 1024;
/** A result up to this size stays in memory, a larger one goes to a file page by page. */
const MEMORY_BYTES = 64 * 1024;

/** The result breaks a limit of the Data API. */
export class ResultLimitError extends Error {
  override readonly name = 'ResultLimitError';
}

/** The pages of a finished statement's rows. */
export interface StoredResult {
  readonly columns: readonly ColumnMetadata[];
  readonly rowCount: number;
  /** Bytes of the values. */
  readonly byteLength: number;
  readonly pageCount: number;
  /** Bytes that it holds in memory and on disk. */
  readonly memoryBytes: number;
  readonly diskBytes: number;
  page(index: number): Promise<readonly (readonly Field[])[]>;
  discard(): void;
}

/** Keeps results page by page, so that memory is bounded whatever a statement returns. */
export class ResultStore {
  #directory: string | undefined;
  #files = 0;

  writer(): ResultWriter {
    return new ResultWriter(() => {
      this.#directory ??= mkdtempSync(join(tmpdir(), 'careplus-results-'));
      this.#files += 1;
      return join(this.#directory, `${this.#files}.pages`);
    });
  }

  close(): void {
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
    this.#directory = undefined;
  }
}

interface PageRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * Takes rows as they arrive. Synchronous, because pg hands out rows by synchronous events: a page
 * is written to disk before the next chunk of the socket is read.
 */
export class ResultWriter {
  readonly #newPath: () => string;
  #columns: readonly PostgresColumn[] = [];
  #encoders: readonly ((text: string | null) => Field)[] = [];
  #rows: Field[][] = [];
  #rowBytes = 0;
  #memoryPages: string[] = [];
  #file: { readonly path: string; readonly handle: number } | undefined;
  #ranges: PageRange[] = [];
  #rowCount = 0;
  #byteLength = 0;
  #offset = 0;

  constructor(newPath: () => string) {
    this.#newPath = newPath;
  }

  describe(columns: readonly PostgresColumn[]): void {
    this.#columns = columns;
    this.#encoders = columns.map(fieldEncoder);
  }

  /** @throws {ResultLimitError} */
  add(row: readonly (string | null)[]): void {
    const bytes = row.reduce((sum, text) => sum + (text === null ? 0 : Buffer.byteLength(text)), 0);
    if (bytes > MAX_ROW_BYTES) {
      throw new ResultLimitError(`row of ${bytes} bytes: a row of a result has at most 64 KB`);
    }
    this.#byteLength += bytes;
    if (this.#byteLength > MAX_RESULT_BYTES) {
      throw new ResultLimitError('the result is larger than 500 MB');
    }
    this.#rows.push(row.map((text, index) => this.#encoders[index]?.(text) ?? { isNull: true }));
    this.#rowCount += 1;
    this.#rowBytes += bytes;
    if (this.#rows.length >= PAGE_ROWS || this.#rowBytes >= PAGE_BYTES) this.#endPage();
  }

  finish(): StoredResult {
    if (this.#rows.length > 0 || this.#ranges.length + this.#memoryPages.length === 0) {
      this.#endPage();
    }
    if (this.#file) closeSync(this.#file.handle);
    const path = this.#file?.path;
    const pages = this.#memoryPages;
    const ranges = this.#ranges;
    return {
      columns: this.#columns.map(columnMetadata),
      rowCount: this.#rowCount,
      byteLength: this.#byteLength,
      pageCount: path === undefined ? pages.length : ranges.length,
      memoryBytes: pages.reduce((sum, page) => sum + page.length, 0),
      diskBytes: this.#offset,
      page: async (index) => {
        const text = path === undefined ? pages[index] : await readRange(path, ranges[index]);
        return JSON.parse(text ?? '[]') as readonly (readonly Field[])[];
      },
      discard: () => {
        if (path !== undefined) unlinkSync(path);
      },
    };
  }

  /** Gives up what has been written. */
  abandon(): void {
    if (!this.#file) return;
    closeSync(this.#file.handle);
    unlinkSync(this.#file.path);
    this.#file = undefined;
  }

  #endPage(): void {
    const text = JSON.stringify(this.#rows);
    this.#rows = [];
    this.#rowBytes = 0;
    const kept = this.#memoryPages.reduce((sum, page) => sum + page.length, text.length);
    if (!this.#file && kept <= MEMORY_BYTES) {
      this.#memoryPages.push(text);
      return;
    }
    for (const page of [...this.#memoryPages, text]) this.#write(page);
    this.#memoryPages = [];
  }

  #write(page: string): void {
    if (!this.#file) {
      const path = this.#newPath();
      this.#file = { path, handle: openSync(path, 'w') };
    }
    const length = writeSync(this.#file.handle, page);
    this.#ranges.push({ offset: this.#offset, length });
    this.#offset += length;
  }
}

async function readRange(path: string, range: PageRange | undefined): Promise<string | undefined> {
  if (!range) return undefined;
  const file = await open(path, 'r');
  try {
    const { buffer } = await file.read(Buffer.alloc(range.length), 0, range.length, range.offset);
    return buffer.toString('utf8');
  } finally {
    await file.close();
  }
}
