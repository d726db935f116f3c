import type { CheckpointStore } from '../runtime/kafka/checkpoint-store.ts';
import { findPipelineError } from '../runtime/pipeline-error.ts';
import type { TransactionalWriter } from '../runtime/kafka/transactional-writer.ts';
import type { ReaderCheckpoint } from '../schemas/checkpoint.ts';

/**
 * Asks a source's reader for a new snapshot, whether it runs or not: takes over its writer and
 * marks the checkpoint as that of a broken-off snapshot. The reader notices at its next write,
 * finds itself taken over, reads the checkpoint again and begins a new epoch.
 *
 * @param writer for the source’s `readerTransactionalId`; closed by the caller.
 * @returns false if there is no checkpoint, or only a damaged one, which is removed: the reader
 *   begins with a snapshot anyway.
 * @throws {PipelineError} as the writer does; KFK_3001 when the reader was quicker: try again.
 */
export async function requestSnapshot(
  sourceId: string,
  writer: TransactionalWriter,
  store: CheckpointStore<ReaderCheckpoint>,
  signal: AbortSignal,
): Promise<boolean> {
  await writer.open(signal);
  let checkpoint: ReaderCheckpoint | undefined;
  try {
    checkpoint = await store.recover(sourceId, writer, signal);
  } catch (error) {
    if (findPipelineError(error)?.code !== 'KFK_3003') throw error;
    // Nobody can go on from a damaged one: without any, the reader begins anew.
    await writer.write([store.tombstone(sourceId)], signal);
  }
  if (!checkpoint) return false;
  await writer.write([store.records(sourceId, { ...checkpoint, phase: 'snapshot' })], signal);
  return true;
}
