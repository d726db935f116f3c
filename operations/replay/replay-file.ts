import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { tryMachineLock } from '../../runtime/daemon/machine-lock.ts';
import type { OffsetRange } from '../../runtime/kafka/bounded-reader.ts';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import { formatVersion } from '../../schemas/format-version.ts';
import { replayRequestSchema, type ReplayRequest } from './replay-request.ts';

const offset = z.string().regex(/^\d+$/).transform(BigInt);

const fileSchema = z.strictObject({
  version: formatVersion(1),
  /** What was asked for, as it was written on the command line. */
  request: replayRequestSchema,
  partitions: z.array(
    z.strictObject({ partition: z.number(), start: offset, end: offset, next: offset }),
  ),
});

/** A replay that is under way or was broken off. */
export interface UnfinishedReplay {
  readonly request: ReplayRequest;
  readonly ranges: ReadonlyMap<number, OffsetRange>;
  readonly next: ReadonlyMap<number, bigint>;
}

/** Keeps how far a replay of a dataset has got, in the state folder. */
export interface ReplayFile {
  /**
   * @returns undefined when no replay is under way or was broken off.
   * @throws when the file cannot be read.
   */
  read(): UnfinishedReplay | undefined;
  write(replay: UnfinishedReplay): void;
  remove(): void;
  /**
   * Makes this the only process that replays the dataset from this folder.
   *
   * @throws {PipelineError} CFG_9001 when another one does.
   */
  lock(): Promise<AsyncDisposable>;
  /** Asks the process that replays to end, or forgets a replay that was broken off. */
  cancel(): Promise<'running' | 'broken-off' | 'none'>;
  readonly isCancelled: boolean;
}

export function replayFile(stateDir: string, dataset: string): ReplayFile {
  const folder = path.resolve(stateDir, 'replay');
  const file = path.join(folder, `${dataset}.json`);
  const cancelFile = path.join(folder, `${dataset}.cancel`);
  const takeLock = () => tryMachineLock(`replay\0${file}`);

  return {
    read() {
      if (!existsSync(file)) return undefined;
      const { request, partitions } = fileSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
      return {
        request,
        ranges: new Map(partitions.map(({ partition, start, end }) => [partition, { start, end }])),
        next: new Map(partitions.map(({ partition, next }) => [partition, next])),
      };
    },
    write({ request, ranges, next }) {
      const partitions = Array.from(ranges, ([partition, { start, end }]) => ({
        ...{ partition, start: String(start), end: String(end) },
        next: String(next.get(partition) ?? start),
      }));
      mkdirSync(folder, { recursive: true });
      // A kill leaves either the old file or the new one.
      writeFileSync(`${file}.new`, `${JSON.stringify({ version: 1, request, partitions })}\n`);
      renameSync(`${file}.new`, file);
    },
    remove() {
      rmSync(file, { force: true });
      rmSync(cancelFile, { force: true });
    },
    async lock() {
      const lock = await takeLock();
      if (!lock) throw new PipelineError('CFG_9001', `a replay of ${dataset} is running already`);
      // Left by whoever cancelled a process that ended just then.
      rmSync(cancelFile, { force: true });
      return lock;
    },
    async cancel() {
      await using lock = await takeLock();
      if (!lock) {
        writeFileSync(cancelFile, '');
        return 'running';
      }
      const found = existsSync(file) ? 'broken-off' : 'none';
      this.remove();
      return found;
    },
    get isCancelled() {
      return existsSync(cancelFile);
    },
  };
}
