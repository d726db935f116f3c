import {
  createFirehoseCalls,
  type FirehoseCalls,
  type FirehoseCallsOptions,
} from './firehose-calls.ts';
import { PipelineError } from '../../runtime/pipeline-error.ts';
import { MAX_RECORD_BYTES, putBatches } from './put-batches.ts';

export interface SendOptions {
  readonly signal: AbortSignal;
  /**
   * What may take a record's place should Firehose refuse it for ever; undefined where nothing
   * may. Such a record is sent again for ever.
   */
  readonly standIn?: (index: number) => Buffer | undefined;
}

export interface FirehoseSender {
  /**
   * Delivers every record at least once; resolves when Firehose has answered for each. Throttling,
   * outages, a missing stream and lost replies are waited out until the signal aborts, so memory
   * is bounded by the caller's records.
   *
   * @returns indices of the records that Firehose refuses for ever and whose stand-ins it has taken.
   * @throws {PipelineError} LAKE_4006 when the credentials have been refused for too long,
   *   LAKE_4005 for a record over Firehose's limit without a stand-in.
   */
  send(records: readonly Buffer[], options: SendOptions): Promise<readonly number[]>;
}

export type FirehoseSenderOptions = FirehoseCallsOptions;

/** A record that was refused so often, in calls that were answered, is looked at apart. */
const SUSPECT_AFTER = 5;
/** Longest wait between two attempts while the stream takes other records. */
const REFUSED_PAUSE_MS = 1_000;
/**
 * Times that a record is refused and its stand-in taken, never the other way round, until it counts
 * as refused for ever. Were refusals blind, each of these would be as likely as its opposite, at
 * any rate of failures: 20 in a row happen once in a million suspects.
 */
const PROOFS = 20;
/** The same where the call itself is found at fault: that is no chance, but may be cured in between. */
const PROOFS_OF_FAULT = 3;

export function createFirehoseSender(options: FirehoseSenderOptions): FirehoseSender {
  const calls = createFirehoseCalls(options);
  return {
    async send(records, { signal, standIn = () => undefined }) {
      // When one batch fails for good the others end too.
      const stop = new AbortController();
      const delivery = createDelivery(calls, {
        onIrreplaceable: (count) => {
          const message = 'Firehose refuses what nothing can stand in for: sent until it is taken';
          options.log.error({ code: 'LAKE_4005', stream: options.stream, count }, message);
        },
        recordAt: (index) => recordAt(records, index),
        standIn,
        signal: AbortSignal.any([signal, stop.signal]),
      });
      const stopOthers = (error: unknown) => {
        stop.abort(error);
        throw error;
      };
      const tooLarge = [...records.keys()].filter(
        (index) => recordAt(records, index).length > MAX_RECORD_BYTES,
      );
      if (tooLarge.some((index) => standIn(index) === undefined)) {
        throw new PipelineError('LAKE_4005', `a record is over ${MAX_RECORD_BYTES} bytes`);
      }
      const work = [
        ...[...putBatches(records)].map((batch) => delivery.deliver(batch)),
        ...tooLarge.map((index) => delivery.replace(index)),
      ];
      const ends = await Promise.allSettled(work.map((each) => each.catch(stopOthers)));
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
      return delivery.replaced.sort((a, b) => a - b);
    },
  };
}

interface DeliveryOptions {
  readonly recordAt: (index: number) => Buffer;
  readonly standIn: (index: number) => Buffer | undefined;
  /** Told once of records that are refused and have no stand-in. */
  readonly onIrreplaceable: (count: number) => void;
  readonly signal: AbortSignal;
}

/** The delivery of the records of one `send`. */
function createDelivery(calls: FirehoseCalls, options: DeliveryOptions) {
  const { recordAt, standIn, signal } = options;
  const replaced: number[] = [];
  const put = (indices: readonly number[]) => calls.put(indices.map(recordAt), signal);

  async function deliver(batch: readonly number[]): Promise<void> {
    const refusals = new Map<number, number>();
    const suspects: number[] = [];
    let left = batch;
    for (let failures = 0; left.length > 0;) {
      const result = await put(left);
      if (result.kind === 'blamed') {
        if (left.length > 1) await inHalves(left, deliver);
        else suspects.push(...left);
        break;
      }
      if (result.kind !== 'answered') {
        failures += 1;
        await calls.pause(failures, signal);
        continue;
      }
      failures = 0;
      let rounds = 0;
      const again: number[] = [];
      for (const index of pick(left, result.refused)) {
        const count = (refusals.get(index) ?? 0) + 1;
        refusals.set(index, count);
        rounds = Math.max(rounds, count);
        (count < SUSPECT_AFTER ? again : suspects).push(index);
      }
      left = again;
      if (left.length > 0) await calls.pause(rounds, signal, REFUSED_PAUSE_MS);
    }
    const irreplaceable = suspects.filter((index) => standIn(index) === undefined).length;
    if (irreplaceable > 0) options.onIrreplaceable(irreplaceable);
    await tryApart(suspects);
  }

  /** Finds out whether Firehose refuses these records, or only anything just now. */
  async function tryApart(suspects: readonly number[]): Promise<void> {
    const proofs = new Map<number, number>();
    let left = suspects;
    for (let failures = 0; left.length > 0;) {
      const result = await put(left);
      if (result.kind === 'blamed' && left.length > 1) return inHalves(left, tryApart);
      if (result.kind === 'answered' || result.kind === 'blamed') {
        if (result.kind === 'answered') left = pick(left, result.refused);
        const accepted = await putStandIns(left);
        for (const index of accepted) {
          const enough = result.kind === 'blamed' ? PROOFS_OF_FAULT : PROOFS;
          const count = (proofs.get(index) ?? 0) + 1;
          proofs.set(index, count);
          if (count >= enough) replaced.push(index);
        }
        left = left.filter((index) => !replaced.includes(index));
        failures = accepted.length > 0 ? 0 : failures + 1;
      } else failures += 1;
      if (left.length > 0) await calls.pause(failures, signal);
    }
  }

  /** @returns the indices whose stand-ins were taken. */
  async function putStandIns(indices: readonly number[]): Promise<readonly number[]> {
    const sent: number[] = [];
    const data: Buffer[] = [];
    for (const index of indices) {
      const bytes = standIn(index);
      if (bytes === undefined) continue;
      sent.push(index);
      data.push(bytes);
    }
    if (sent.length === 0) return [];
    const result = await calls.put(data, signal);
    if (result.kind !== 'answered') return [];
    const refused = new Set(result.refused);
    return sent.filter((_, position) => !refused.has(position));
  }

  /** Delivers the stand-in of a record that no call may hold. */
  async function replace(index: number): Promise<void> {
    for (let failures = 1; (await putStandIns([index])).length === 0; failures += 1) {
      await calls.pause(failures, signal);
    }
    replaced.push(index);
  }

  return { deliver, replace, replaced };
}

async function inHalves(
  indices: readonly number[],
  work: (half: readonly number[]) => Promise<void>,
): Promise<void> {
  const middle = indices.length >> 1;
  await work(indices.slice(0, middle));
  await work(indices.slice(middle));
}

function pick(indices: readonly number[], positions: readonly number[]): number[] {
  return positions.map((position) => indices[position] ?? -1);
}

function recordAt(records: readonly Buffer[], index: number): Buffer {
  const record = records[index];
  if (record === undefined) throw new RangeError(`no record ${index}`);
  return record;
}
