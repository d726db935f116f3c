import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasErrorCode } from '../durable-files.ts';
import { type ObjectRecord, objectRecordSchema } from './object-record.ts';
import { compareUtf8 } from './utf8-order.ts';

const READS_AT_ONCE = 64;

/** A folder that changed so lately may change again within the same tick of its time stamp. */
const SETTLE_NS = 50_000_000n;

/**
 * The records of a bucket in key order, for listings. The folder is the truth: it is looked
 * through again whenever its time stamp has moved, so that several processes may share a bucket.
 * An object that *another* process has overwritten shows its new size and ETag in GET and HEAD at
 * once, in listings only after a restart.
 */
export class BucketIndex {
  readonly #folder: string;
  /** Records by the name of their file. */
  readonly #records = new Map<string, ObjectRecord>();
  #sorted: readonly ObjectRecord[] = [];
  #scannedAtNs: bigint | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** All objects that exist now, in UTF-8 byte order of their keys. */
  objects(): Promise<readonly ObjectRecord[]> {
    return this.#inTurn(() => this.#refresh());
  }

  /** The record of that file was replaced: it is read again. */
  forget(file: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#records.delete(file);
      this.#scannedAtNs = undefined;
    });
  }

  /** One after the other: a scan that began before a call may have missed the newest object. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work, work);
    this.#last = result;
    return result;
  }

  async #refresh(): Promise<readonly ObjectRecord[]> {
    const nowNs = BigInt(Date.now()) * 1_000_000n;
    const { mtimeNs } = await stat(this.#folder, { bigint: true });
    if (mtimeNs === this.#scannedAtNs) return this.#sorted;
    const files = new Set(await readdir(this.#folder));
    for (const file of this.#records.keys()) if (!files.has(file)) this.#records.delete(file);
    const added = [...files].filter((file) => !this.#records.has(file));
    for (let at = 0; at < added.length; at += READS_AT_ONCE) {
      await Promise.all(added.slice(at, at + READS_AT_ONCE).map((file) => this.#read(file)));
    }
    const known = new Set(this.#records.values());
    const kept = this.#sorted.filter((record) => known.delete(record));
    this.#sorted = [...kept, ...known].sort((a, b) => compareUtf8(a.key, b.key));
    this.#scannedAtNs = nowNs - mtimeNs > SETTLE_NS ? mtimeNs : undefined;
    return this.#sorted;
  }

  async #read(file: string): Promise<void> {
    const record = await readRecord(join(this.#folder, file));
    if (record !== undefined) this.#records.set(file, record);
  }
}

/** @returns undefined where there is no such object. */
export async function readRecord(path: string): Promise<ObjectRecord | undefined> {
  try {
    return objectRecordSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
