import { MAX_OBJECTS, type LakeObject } from './load-statements.ts';

/** Bytes of Parquet in one batch: one transaction must end within minutes. */
const MAX_BYTES = 256 * 1024 * 1024;

/** A second batch must not wait for ever behind ever longer ones. */
const MAX_CADENCE_FACTOR = 8;

/** Refusals after which a batch is parted, and an object alone is set aside. */
const MAX_REFUSALS = 3;
const REFUSAL_PAUSE_MS = 1_000;
const MAX_REFUSAL_PAUSE_MS = 600_000;

export interface PlannedBatch {
  /** Oldest first. */
  readonly objects: readonly LakeObject[];
  /** What is known of objects that COPY refused before. */
  readonly suspicion?: Suspicion;
}

interface Refusal {
  readonly named?: LakeObject | undefined;
  readonly probePassed?: boolean;
}

interface Suspicion {
  readonly refusals: number;
  /** Batches that were loaded before the first refusal. */
  readonly loadsBefore: number;
}

interface SuspectGroup extends Suspicion {
  readonly objects: readonly LakeObject[];
  readonly notBefore: number;
}

/**
 * Which waiting objects make the next batch, and when. Between the beginnings of two batches lies
 * at least the cadence, unless count or bytes are full; a warehouse that needs more than half of
 * the cadence for a batch gets fewer and larger ones.
 *
 * A batch that COPY refuses becomes suspect: it is tried again, then parted down to the one object,
 * while all others go on.
 */
export interface BatchPlanner {
  /** Objects that wait already are not taken twice. */
  add(objects: readonly LakeObject[]): void;
  /** @returns the next batch; undefined while none is due. */
  next(): PlannedBatch | undefined;
  /** The batch is in the warehouse. */
  loaded(batch: PlannedBatch, tookMs: number): void;
  /** The batch failed for a reason outside of its objects: they wait again. */
  putBack(batch: PlannedBatch): void;
  /**
   * Whether nothing that waits can tell who is at fault: the batch is one object, refused often
   * enough, and all that there is. Once only until something loads, for when every new object is
   * refused, each of them in turn is all that there is.
   */
  needsProbe(batch: PlannedBatch): boolean;
  /**
   * COPY refused the batch.
   *
   * @param refusal `named`: the object that the refusal tells of, which is parted from the others
   *   first; `probePassed`: COPY took an object of former days meanwhile.
   * @returns the object at fault once that is certain: it was refused alone, often enough, and
   *   another one was loaded since, so that it is not the warehouse that refuses everything.
   */
  refused(batch: PlannedBatch, refusal?: Refusal): LakeObject | undefined;
  /** Objects that wait, suspect ones and those of the batch under way among them. */
  readonly waiting: number;
  /** When the oldest of them came into the lake, epoch ms; undefined when none waits. */
  readonly oldestMs: number | undefined;
}

/** The others and the one that a refusal names, or two halves: its words are no contract. */
function parted(objects: readonly LakeObject[], named: LakeObject | undefined) {
  if (named) return [objects.filter(({ key }) => key !== named.key), [named]];
  const middle = Math.ceil(objects.length / 2);
  return [objects.slice(0, middle), objects.slice(middle)];
}

export function createBatchPlanner(options: {
  readonly cadenceMs: number;
  /** Milliseconds that only go forward. */
  readonly elapsed?: () => number;
}): BatchPlanner {
  const { cadenceMs, elapsed = () => performance.now() } = options;
  const waiting: LakeObject[] = [];
  /** Keys of all objects that were added and are neither loaded nor at fault. */
  const held = new Set<string>();
  let suspects: SuspectGroup[] = [];
  /** Of the batch that was given and has not come back. */
  let underWay: readonly LakeObject[] = [];
  let lastBeginning = -Infinity;
  let factor = 1;
  let loads = 0;
  /** {@link loads} when an object was blamed because of a probe. */
  let probedAt = -1;

  const fill = (): LakeObject[] => {
    const batch: LakeObject[] = [];
    let bytes = 0;
    for (const object of waiting) {
      const full = batch.length === MAX_OBJECTS || bytes + object.bytes > MAX_BYTES;
      if (full && batch.length > 0) break;
      batch.push(object);
      bytes += object.bytes;
    }
    return batch;
  };

  const enqueue = (objects: readonly LakeObject[]) => {
    waiting.push(...objects);
    waiting.sort((a, b) => a.modifiedMs - b.modifiedMs || (a.key < b.key ? -1 : 1));
  };

  const nextFresh = (): PlannedBatch | undefined => {
    const objects = fill();
    const isDue =
      elapsed() - lastBeginning >= cadenceMs * factor || objects.length < waiting.length;
    if (objects.length === 0 || !isDue) return undefined;
    waiting.splice(0, objects.length);
    lastBeginning = elapsed();
    return { objects };
  };

  const nextSuspect = (): PlannedBatch | undefined => {
    const index = suspects.findIndex(({ notBefore }) => notBefore <= elapsed());
    const group = suspects[index];
    if (!group) return undefined;
    suspects.splice(index, 1);
    const { objects, refusals, loadsBefore } = group;
    return { objects, suspicion: { refusals, loadsBefore } };
  };

  return {
    add(objects) {
      const unknown = objects.filter(({ key }) => !held.has(key));
      for (const { key } of unknown) held.add(key);
      enqueue(unknown);
    },
    next() {
      const batch = nextFresh() ?? nextSuspect();
      underWay = batch?.objects ?? [];
      return batch;
    },
    loaded({ objects }, tookMs) {
      underWay = [];
      loads += 1;
      for (const { key } of objects) held.delete(key);
      const slow = tookMs > (cadenceMs * factor) / 2;
      factor = slow ? Math.min(MAX_CADENCE_FACTOR, factor * 2) : Math.max(1, factor / 2);
      // The warehouse takes objects: whether a suspect is at fault can be told now.
      suspects = suspects.map((group) => ({ ...group, notBefore: elapsed() }));
    },
    putBack({ objects, suspicion }) {
      underWay = [];
      if (suspicion) suspects.push({ objects, ...suspicion, notBefore: elapsed() });
      else enqueue(objects);
    },
    needsProbe({ objects, suspicion }) {
      const isAll = objects.length === 1 && waiting.length === 0 && suspects.length === 0;
      const isOften = (suspicion?.refusals ?? 0) + 1 >= MAX_REFUSALS;
      return isAll && isOften && suspicion?.loadsBefore === loads && probedAt !== loads;
    },
    refused({ objects, suspicion }, { named, probePassed = false } = {}) {
      underWay = [];
      const refusals = (suspicion?.refusals ?? 0) + 1;
      const loadsBefore = suspicion?.loadsBefore ?? loads;
      if (refusals >= MAX_REFUSALS) {
        if (objects.length > 1) {
          for (const part of parted(objects, named)) {
            // One more refusal parts it again.
            const group = { objects: part, refusals: MAX_REFUSALS - 1, loadsBefore };
            suspects.push({ ...group, notBefore: elapsed() });
          }
          return undefined;
        }
        const [object] = objects;
        if (object && (probePassed || loads > loadsBefore)) {
          if (probePassed) probedAt = loads;
          held.delete(object.key);
          return object;
        }
      }
      const pauseMs = Math.min(MAX_REFUSAL_PAUSE_MS, REFUSAL_PAUSE_MS * 2 ** (refusals - 1));
      suspects.push({ objects, refusals, loadsBefore, notBefore: elapsed() + pauseMs });
      return undefined;
    },
    get waiting() {
      const others = waiting.length + underWay.length;
      return suspects.reduce((sum, { objects }) => sum + objects.length, others);
    },
    get oldestMs() {
      const suspected = suspects.flatMap((group) => group.objects);
      const objects = [...waiting.slice(0, 1), ...underWay, ...suspected];
      return objects.length === 0
        ? undefined
        : Math.min(...objects.map(({ modifiedMs }) => modifiedMs));
    },
  };
}
