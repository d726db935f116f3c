import { createHash } from 'node:crypto';
import { abortableSleep, waitOrAbort } from '../../runtime/abortable-wait.ts';
import { parseCheckpoint } from '../../runtime/kafka/checkpoint-value.ts';
import { followCompacted } from '../../runtime/kafka/compacted-tail.ts';
import { errorText, findPipelineError } from '../../runtime/pipeline-error.ts';
import {
  formatNameOf,
  shipperCheckpointSchema,
  startMarkerKey,
  type ShipperCheckpoint,
} from '../../schemas/checkpoint.ts';
import type { LogDataset } from '../../schemas/datasets/log-dataset.ts';
import { topics } from '../../schemas/topics.ts';
import { processorLags, type CoverageOptions, type Hop } from './coverage.ts';
import type { LogFile } from './log-files.ts';
import { logFrontierSql, logPendingSql } from './log-statements.ts';

/** One dataset of log files of one host. */
export interface LogScope {
  readonly dataset: LogDataset;
  readonly host: string;
}

export interface LogCoverage {
  readonly covered: boolean;
  /**
   * Generation of each file that the shipper reads in this format, by path. Once all is covered a
   * file with bytes that is not among them is read in another one.
   */
  readonly generations: ReadonlyMap<string, string>;
  /** Where it is held up, if it is. */
  readonly late: { readonly hop: Hop; readonly wanted: string; readonly found: string } | undefined;
}

/**
 * Waits until every byte that the files held is in the warehouse: first until the shipper's
 * checkpoints are behind them, then until the frontier of each file is.
 */
export async function waitUntilLogsCovered(
  scope: LogScope,
  files: readonly LogFile[],
  options: CoverageOptions,
): Promise<LogCoverage> {
  const { signal, note } = options;
  const name = scope.dataset.shortName;
  const filled = files.filter(({ size }) => size > 0);
  if (filled.length === 0) return { covered: true, generations: new Map(), late: undefined };
  const either = AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]);

  note(`${name}: waiting for the shipper to reach the end of ${filled.length} files`);
  const checkpoints = await waitForShipper(scope, filled, options, either);
  signal.throwIfAborted();
  const places = placesOf(scope, filled, checkpoints);
  const generations = new Map(
    places.flatMap(({ file, place }) => (place ? [[file.path, place.generation]] : [])),
  );
  const wantedBytes = places.reduce((sum, { file }) => sum + file.size, 0);
  const behind = places.filter(({ file, place }) => !isShipped(file, place));
  if (behind.length > 0) {
    const shipped = places.reduce(
      (sum, { file, place }) => sum + Math.min(file.size, place?.offset ?? 0),
      0,
    );
    const wanted = `${wantedBytes} bytes of ${places.length} files`;
    const found = `${shipped} bytes, ${behind.length} files unfinished`;
    return { covered: false, generations, late: { hop: 'log-shipper', wanted, found } };
  }

  note(`${name}: waiting for the warehouse to cover ${wantedBytes} bytes`);
  const wanted = places.map(({ file, place }) => ({
    generation: place?.generation ?? '',
    upto: file.size,
  }));
  const failure = await waitForFrontiers(scope, wanted, options, either);
  signal.throwIfAborted();
  if (failure === undefined) return { covered: true, generations, late: undefined };
  const hop = await heldUpAt(scope, options);
  const bytes = `${wantedBytes} bytes of ${places.length} files`;
  return { covered: false, generations, late: { hop, wanted: bytes, found: failure } };
}

/**
 * The files of a format with their places. One whose reading began in another format is none of
 * them, whatever its name is by now.
 *
 * @param checkpoints those of the host, of all formats.
 */
export function placesOf<F extends Pick<LogFile, 'inode' | 'head'>>(
  { dataset }: Pick<LogScope, 'dataset'>,
  files: readonly F[],
  checkpoints: readonly ShipperCheckpoint[],
): { readonly file: F; readonly place: ShipperCheckpoint | undefined }[] {
  return files
    .map((file) => ({ file, place: findPlace(file, checkpoints) }))
    .filter(({ place }) => place === undefined || isOf(dataset, place));
}

function isOf({ name }: LogDataset, place: ShipperCheckpoint): boolean {
  return formatNameOf(place) === name;
}

/** The newest place of a file: its inode, and a beginning that is the file's. */
function findPlace(
  { inode, head }: Pick<LogFile, 'inode' | 'head'>,
  checkpoints: Iterable<ShipperCheckpoint>,
): ShipperCheckpoint | undefined {
  let newest: ShipperCheckpoint | undefined;
  for (const place of checkpoints) {
    const { identity, generation } = place;
    if (identity.inode !== inode || !beginsLike(head, identity)) continue;
    if (newest === undefined || generation > newest.generation) newest = place;
  }
  return newest;
}

function beginsLike(
  head: Buffer,
  { fingerprint, fingerprintBytes }: ShipperCheckpoint['identity'],
): boolean {
  if (fingerprintBytes === 0) return true;
  if (head.length < fingerprintBytes) return false;
  const hash = createHash('sha256').update(head.subarray(0, fingerprintBytes)).digest('hex');
  return hash === fingerprint;
}

function isShipped({ size }: LogFile, place: ShipperCheckpoint | undefined): boolean {
  return place !== undefined && place.offset >= size;
}

async function waitForShipper(
  { dataset, host }: LogScope,
  files: readonly LogFile[],
  { kafka }: CoverageOptions,
  signal: AbortSignal,
): Promise<ShipperCheckpoint[]> {
  const places = new Map<string, ShipperCheckpoint>();
  const found = new AbortController();
  const following = followCompacted({
    kafka,
    topic: topics.shipperCheckpoints.name,
    signal: AbortSignal.any([signal, found.signal]),
    onValue: (key, value, offset) => {
      // A tombstone says that the file is gone and was shipped whole: its last place stays true.
      if (value === null || found.signal.aborted) return;
      if (!key.startsWith(`${host}/`) || key.endsWith(startMarkerKey(''))) return;
      const record = { topic: topics.shipperCheckpoints.name, key, offset };
      const place = parseCheckpoint(record, value, (json) => shipperCheckpointSchema.parse(json));
      if (place.host !== host) return;
      places.set(key, place);
      const isDone = (file: LogFile) => {
        const at = findPlace(file, places.values());
        return isShipped(file, at) || (at !== undefined && !isOf(dataset, at));
      };
      if (files.every(isDone)) found.abort();
    },
  });
  // A broker that is away holds the client for longer than the time that is left.
  await waitOrAbort(following, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  return [...places.values()];
}

/** @returns undefined once all is covered, else how far it was when the time was over. */
async function waitForFrontiers(
  scope: LogScope,
  wanted: readonly { readonly generation: string; readonly upto: number }[],
  { api, pollMs }: CoverageOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  let failure = 'nothing';
  while (!signal.aborted) {
    try {
      const { rows } = await api.query(logFrontierSql(scope), { signal });
      const frontier = new Map(rows.map((row) => [row['generation'], Number(row['upto'])]));
      const missing = wanted.filter(({ generation, upto }) => {
        return (frontier.get(generation) ?? -1) < upto;
      });
      if (missing.length === 0) return undefined;
      const bytes = wanted.reduce(
        (sum, { generation, upto }) => sum + Math.min(upto, frontier.get(generation) ?? 0),
        0,
      );
      failure = `${bytes} bytes, ${missing.length} files unfinished`;
    } catch (error) {
      // Before the loader's first start its tables are not there.
      if (findPipelineError(error)?.code === 'WH_5001') failure = errorText(error);
      else if (!isAborted(signal)) throw error;
    }
    await abortableSleep(pollMs, signal).catch(() => undefined);
  }
  return failure;
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

const DIAGNOSIS_MS = 10_000;

/** Finds the hop behind the shipper at which a host's entries are held up. */
async function heldUpAt(scope: LogScope, { kafka, api, signal }: CoverageOptions): Promise<Hop> {
  const either = AbortSignal.any([signal, AbortSignal.timeout(DIAGNOSIS_MS)]);
  try {
    const { rows } = await api.query(logPendingSql(scope), { signal: either });
    if (Number(rows[0]?.['pending'] ?? 0) > 0) return 'hole';
    const lags = await waitOrAbort(processorLags(kafka, scope.dataset), either);
    return lags ? 'processor' : 'delivery';
  } catch {
    signal.throwIfAborted();
    return 'delivery';
  }
}
