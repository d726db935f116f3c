/**
 * The reference: what a warehouse must hold when a set of numbered, signed images has arrived, in
 * whatever order, however often and in whatever batches. A pure function of that set, written for
 * reading and not for speed; the loader's SQL is compared with it.
 */

/** A lake row as far as the model needs it. */
export interface SignedImage {
  readonly source: string;
  readonly epoch: number;
  /** Dense from 1 in every (source, epoch). */
  readonly seq: number;
  /** Last image of its source transaction. */
  readonly txEnd: boolean;
  /** `+` appears, `-` goes, `T` barrier, `E` end of snapshot, `X` unreadable. */
  readonly kind: '+' | '-' | 'T' | 'E' | 'X';
  readonly key: string;
  readonly image: string;
  readonly rank: number;
  /** 0 for `T`, `E` and `X`: any readable copy beats an unreadable one. */
  readonly rulesVersion: number;
}

/** One distinct image whose signs do not cancel. */
interface StateRow {
  readonly key: string;
  readonly image: string;
  readonly copies: number;
  /** The one image of its key that counts as the ticket. */
  readonly isLatest: boolean;
  /** Highest rules version among the images of this content since it was last absent. */
  readonly rulesVersion: number;
  /** Highest rules version among all images of this content that have arrived. */
  readonly highestVersion: number;
  /** Number of the newest image with which this content appeared. */
  readonly eventSeq: number;
  readonly unreadable: boolean;
}

interface EpochState {
  readonly epoch: number;
  /** Greatest number below which nothing is missing and at which a source transaction ends; 0 if none. */
  readonly frontier: number;
  /** Its snapshot's end lies inside the frontier. */
  readonly ready: boolean;
  readonly state: readonly StateRow[];
  /** Numbers above the frontier. */
  readonly pending: readonly number[];
  /** Numbers that are missing below pending ones: first and last of each hole. */
  readonly holes: readonly (readonly [number, number])[];
}

export interface SourceState {
  /** The epoch that is shown: the newest that is ready. */
  readonly shown: EpochState | undefined;
  /** The shown epoch and every later one, by epoch. Earlier ones are closed and count no more. */
  readonly live: readonly EpochState[];
}

/** What the warehouse holds of each source when these images have arrived. */
export function warehouseOf(arrived: Iterable<SignedImage>): Map<string, SourceState> {
  const sources = new Map<string, Map<number, Map<number, SignedImage>>>();
  for (const image of arrived) {
    const epochs = getOrAdd(
      sources,
      image.source,
      () => new Map<number, Map<number, SignedImage>>(),
    );
    const numbers = getOrAdd(epochs, image.epoch, () => new Map<number, SignedImage>());
    const known = numbers.get(image.seq);
    if (!known || image.rulesVersion > known.rulesVersion) numbers.set(image.seq, image);
  }
  return new Map(
    [...sources].map(([source, epochs]) => {
      const states = [...epochs]
        .map(([epoch, numbers]) => epochState(epoch, numbers))
        .sort((a, b) => a.epoch - b.epoch);
      const shown = states.findLast(({ ready }) => ready);
      const live = states.filter(({ epoch }) => epoch >= (shown?.epoch ?? 0));
      return [source, { shown, live }];
    }),
  );
}

function epochState(epoch: number, numbers: ReadonlyMap<number, SignedImage>): EpochState {
  let frontier = 0;
  for (let seq = 1; numbers.has(seq); seq += 1) if (numbers.get(seq)?.txEnd) frontier = seq;
  const inside = [...numbers.values()]
    .filter(({ seq }) => seq <= frontier)
    .sort((a, b) => a.seq - b.seq);
  const pending = [...numbers.keys()].filter((seq) => seq > frontier).sort((a, b) => a - b);
  return {
    ...{ epoch, frontier, pending },
    ready: inside.some(({ kind }) => kind === 'E'),
    state: stateOf(inside),
    holes: pending.flatMap((seq, index) => {
      const before = pending[index - 1] ?? frontier;
      return seq > before + 1 ? [[before + 1, seq - 1] as const] : [];
    }),
  };
}

interface Content {
  readonly key: string;
  readonly image: string;
  readonly rank: number;
  readonly unreadable: boolean;
  copies: number;
  rulesVersion: number;
  eventSeq: number;
}

/** Adds up the signs behind the last barrier and picks each key's ticket. */
function stateOf(images: readonly SignedImage[]): StateRow[] {
  const barrier = images.findLast(({ kind }) => kind === 'T')?.seq ?? 0;
  const contents = new Map<string, Content>();
  const highest = new Map<string, number>();
  for (const { seq, kind, key, image, rank, rulesVersion } of images) {
    if (kind === 'T' || kind === 'E') continue;
    const id = `${key}/${image}`;
    highest.set(id, Math.max(rulesVersion, highest.get(id) ?? 0));
    if (seq < barrier) continue;
    const content = getOrAdd(contents, id, () => ({
      ...{ key, image, rank, unreadable: kind === 'X' },
      ...{ copies: 0, rulesVersion: 0, eventSeq: 0 },
    }));
    // Absent content forgets its verdict.
    content.rulesVersion = Math.max(rulesVersion, content.copies === 0 ? 0 : content.rulesVersion);
    content.copies += kind === '-' ? -1 : 1;
    if (kind !== '-') content.eventSeq = seq;
  }
  const present = [...contents.values()].filter(({ copies }) => copies !== 0);
  return present.map((content) => ({
    key: content.key,
    image: content.image,
    copies: content.copies,
    isLatest: content === latestOf(present.filter(({ key }) => key === content.key)),
    rulesVersion: content.rulesVersion,
    highestVersion: highest.get(`${content.key}/${content.image}`) ?? 0,
    eventSeq: content.eventSeq,
    unreadable: content.unreadable,
  }));
}

/** The greatest rank counts, then the greatest image id: by content, never by number. */
function latestOf(sameKey: readonly Content[]): Content | undefined {
  const existing = sameKey.filter(({ copies }) => copies > 0);
  return existing.reduce<Content | undefined>((best, content) => {
    if (!best || content.rank > best.rank) return content;
    return content.rank === best.rank && content.image > best.image ? content : best;
  }, undefined);
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
