import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { OffsetRange } from '../../runtime/kafka/bounded-reader.ts';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import { replayRequestSchema, type ReplayRequest } from './replay-request.ts';

const offset = z.string().regex(/^\d+$/).transform(BigInt);

const fileSchema = z.strictObject({
  version: z.literal(1),
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
  /** @throws {PipelineError} CFG_9001 when there is none, or it cannot be read. */
  read(): UnfinishedReplay;
  write(replay: UnfinishedReplay): void;
  remove(): void;
}

export function replayFile(stateDir: string, dataset: string): ReplayFile {
  const folder = path.join(stateDir, 'replay');
  const file = path.join(folder, `${dataset}.json`);
  return {
    read() {
      let text: string;
      try {
        text = readFileSync(file, 'utf8');
      } catch (cause) {
        throw new PipelineError('CFG_9001', `no replay of ${dataset} was broken off (${file})`, {
          cause,
        });
      }
      const { request, partitions } = fileSchema.parse(JSON.parse(text));
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
    remove: () => rmSync(file, { force: true }),
  };
}
