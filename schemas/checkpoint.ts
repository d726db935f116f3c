import { z } from 'zod';
import { unnamedLogFormat } from './datasets/registry.ts';
import { formatVersion } from './format-version.ts';

/**
 * The reader's place, written in the same Kafka transaction as the records that it covers.
 * Topic `careplus.reader-checkpoints`, key = source id, value = JSON.
 *
 * On restart the reader streams from `gtidSet`, skips `open.imagesWritten` images of the open
 * transaction and compares their hash, so what is read again carries the same numbers.
 */
export const readerCheckpointSchema = z.strictObject({
  version: formatVersion(1),
  source: z.string(),
  /** `snapshot`: rows of this epoch's snapshot are being written; never resumed, a new epoch begins. */
  phase: z.enum(['snapshot', 'streaming']),
  /** GTIDs of the source transactions that are wholly in the topic. */
  gtidSet: z.string(),
  /** A source transaction that is only partly in the topic. */
  open: z
    .strictObject({
      gtid: z.string(),
      imagesWritten: z.number().int().positive(),
      rollingHash: z.string(),
    })
    .nullable(),
  epoch: z.number().int().positive(),
  /** Number that the next image will get; images `1 … nextSeq - 1` of this epoch are in the topic. */
  nextSeq: z.number().int().positive(),
  /** Hash over what decides the numbering: table name and mapped columns. */
  configHash: z.string(),
  /** Hash over names and types of the mapped columns as the stream had them here; null before the first row. */
  shapeHash: z.string().nullable(),
  /** Commit time (epoch ms, whole seconds) of the newest source transaction in `gtidSet`, 0 if unknown. */
  sourceTimeMs: z.number().int().nonnegative(),
  /** Wall clock (epoch ms) at which the reader had seen everything in `gtidSet`; the heartbeat. */
  writtenAtMs: z.number().int().positive(),
});
export type ReaderCheckpoint = z.infer<typeof readerCheckpointSchema>;

/**
 * The shipper's place in one file generation, written in the same Kafka transaction as the blocks
 * that it covers. Topic `careplus.shipper-checkpoints`, key = `<host>/<generation>`, value = JSON;
 * a tombstone once the generation is gone and wholly shipped.
 */
export const shipperCheckpointSchema = z.strictObject({
  version: formatVersion(1),
  host: z.string(),
  generation: z.string(),
  path: z.string(),
  /** Log format with which its reading began; see {@link namedFormat}. */
  dataset: z.string().optional(),
  /** First byte that is not yet in the topic. */
  offset: z.number().int().nonnegative(),
  generationStart: z.number().int().nonnegative(),
  /** How the file is known again after a restart or a rename. */
  identity: z.strictObject({
    device: z.string(),
    inode: z.string(),
    /** SHA-256 over the first `fingerprintBytes` bytes. */
    fingerprint: z.string(),
    fingerprintBytes: z.number().int().nonnegative(),
    /** When the file was made (epoch ms), 0 if the file system does not know. */
    birthMs: z.number().int().nonnegative(),
  }),
  state: z.enum(['open', 'rotated', 'truncated', 'gone']),
  /** Id of an entry whose head was shipped and whose tail may come in the next generation. */
  openEntryId: z.string().nullable(),
  /** The entry before `offset` was shipped as it stood: what follows may be its continuation. */
  interrupted: z.boolean(),
  /** Size of the file when it was last looked at, and when that was (epoch ms): the heartbeat. */
  seenBytes: z.number().int().nonnegative(),
  writtenAtMs: z.number().int().positive(),
});
export type ShipperCheckpoint = z.infer<typeof shipperCheckpointSchema>;

/**
 * How a checkpoint names its log format. The one that files had before there were several is left
 * out: so older programs, which know no other, read what is written of its files.
 */
export function namedFormat({ name }: { readonly name: string }): { dataset?: string } {
  return name === unnamedLogFormat.name ? {} : { dataset: name };
}

/** @returns name of the log format of a checkpoint's file. */
export function formatNameOf({ dataset }: Pick<ShipperCheckpoint, 'dataset'>): string {
  return dataset ?? unnamedLogFormat.name;
}

/** Key of the start marker: a key of its own, or compaction could drop the checkpoint itself. */
export function startMarkerKey(checkpointKey: string): string {
  return `${checkpointKey}#start`;
}
