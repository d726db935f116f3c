import type { CleanValue } from '../../schemas/datasets/dataset.ts';

/** One image of a key's history. */
export interface LifeEvent {
  readonly epoch: number;
  readonly seq: number;
  readonly kind: string;
  readonly imageId: string;
  readonly rank: number;
  readonly accepted: boolean;
  readonly rulesVersion: number;
  readonly status: string | null;
  readonly begunMs: number | null;
  readonly endedMs: number | null;
  readonly committedMs: number;
  readonly gtid: string | null;
}

/** A marker of the whole table: a barrier (`T`) or the end of a snapshot (`E`). */
export interface LifeMarker {
  readonly epoch: number;
  readonly seq: number;
  readonly kind: string;
}

/** How long a key had a status. */
export interface LifePeriod {
  readonly place: number;
  readonly status: string | null;
  readonly prior_status: string | null;
  readonly entered_ms: number | null;
  readonly left_ms: number | null;
  readonly epoch: number;
  readonly seq: number;
  /** Version of the rules that judged all of the key's images; 0 if several have. */
  readonly rules_version: number;
}

/** What counted for a key behind a source transaction. */
interface Shown {
  readonly epoch: number;
  readonly seq: number;
  readonly ms: number;
  readonly verdict: LifeEvent;
}

/**
 * The periods of one key, played forward from its whole history; the loader looks back in SQL. Only
 * epochs count whose snapshot is whole; a snapshot is one moment, and so is a source transaction.
 *
 * @param events of one key, in the order of epochs and numbers.
 * @param markers in the same order.
 */
export function periodsOfLife(
  events: readonly LifeEvent[],
  markers: readonly LifeMarker[],
  firstStatus: string,
): LifePeriod[] {
  const ends = new Map(
    markers.filter(({ kind }) => kind === 'E').map(({ epoch, seq }) => [epoch, seq]),
  );
  const told = events.filter(({ epoch }) => ends.has(epoch));
  const verdicts = newestVerdicts(told);
  const shown = [...Map.groupBy(told, ({ epoch }) => epoch)].flatMap(([epoch, ofEpoch]) => {
    const barriers = markers.filter((each) => each.kind === 'T' && each.epoch === epoch);
    return [...playEpoch(ofEpoch, { epoch, end: ends.get(epoch) ?? 0, barriers, verdicts })];
  });
  const versions = new Set(told.map(({ rulesVersion }) => rulesVersion));
  const [version = 0] = versions;
  return told.length === 0 ? [] : periodsOf(shown, firstStatus, versions.size === 1 ? version : 0);
}

/** The newest judgement of each content. */
function newestVerdicts(events: readonly LifeEvent[]): ReadonlyMap<string, LifeEvent> {
  const newest = new Map<string, LifeEvent>();
  for (const event of events) {
    const known = newest.get(event.imageId);
    // In order: of the same version the later one counts.
    if (!known || event.rulesVersion >= known.rulesVersion) newest.set(event.imageId, event);
  }
  return newest;
}

function* playEpoch(
  events: readonly LifeEvent[],
  context: {
    readonly epoch: number;
    readonly end: number;
    readonly barriers: readonly LifeMarker[];
    readonly verdicts: ReadonlyMap<string, LifeEvent>;
  },
): Generator<Shown> {
  const { epoch, end, barriers, verdicts } = context;
  const momentOf = moments(events, end);
  const spanOf = (seq: number) => barriers.filter((barrier) => barrier.seq < seq).length;
  const copies = new Map<string, { count: number; seq: number }>();
  let span = 0;
  for (const [moment, all] of Map.groupBy(events, momentOf)) {
    for (const { kind, imageId, seq } of all) {
      if (spanOf(seq) > span) {
        copies.clear();
        span = spanOf(seq);
      }
      const count = (copies.get(imageId)?.count ?? 0) + (kind === '-' ? -1 : 1);
      copies.set(imageId, { count, seq });
    }
    if (spanOf(moment) > span) continue;
    const best = [...copies]
      .filter(([, { count }]) => count > 0)
      .map(([id, { seq }]) => ({ seq, verdict: verdicts.get(id) }))
      .reduce<{ seq: number; verdict: LifeEvent } | undefined>(
        (greatest, { seq, verdict }) =>
          verdict && (!greatest || isGreater(verdict, greatest.verdict))
            ? { seq, verdict }
            : greatest,
        undefined,
      );
    if (!best?.verdict.accepted) continue;
    const ms = Math.max(...all.map(({ committedMs }) => committedMs));
    yield { epoch, ms, ...best };
  }
}

/** A source transaction is over with its last image of the key, a snapshot with its end. */
function moments(events: readonly LifeEvent[], end: number): (event: LifeEvent) => number {
  const last = new Map<string, number>();
  for (const { gtid, seq } of events) if (gtid !== null) last.set(gtid, seq);
  return ({ gtid, seq }) => (seq < end ? end : gtid === null ? seq : (last.get(gtid) ?? seq));
}

function isGreater(a: LifeEvent, b: LifeEvent): boolean {
  return a.rank > b.rank || (a.rank === b.rank && a.imageId > b.imageId);
}

function periodsOf(
  shown: readonly Shown[],
  firstStatus: string,
  rulesVersion: number,
): LifePeriod[] {
  const begun: { status: string | null; since: number | null; epoch: number; seq: number }[] = [];
  const begin = (status: string | null, at: number | null, { epoch, seq }: Shown) => {
    const before = begun.at(-1)?.since ?? null;
    const since = at === null ? before : Math.max(at, before ?? at);
    begun.push({ status, since, epoch, seq });
  };
  let prior: LifeEvent | undefined;
  for (const each of shown) {
    const { status, begunMs, endedMs } = each.verdict;
    const isEnded = status !== firstStatus && endedMs !== null;
    if (!prior) {
      if (isEnded) begin(firstStatus, begunMs, each);
      begin(status, isEnded ? endedMs : begunMs, each);
    } else if (prior.status !== status) {
      begin(status, isEnded && endedMs !== prior.endedMs ? endedMs : each.ms, each);
    }
    prior = each.verdict;
  }
  return begun.map(({ status, since, epoch, seq }, index) => ({
    ...{ place: index + 1, status, prior_status: begun[index - 1]?.status ?? null },
    ...{ entered_ms: since, left_ms: begun[index + 1]?.since ?? null },
    ...{ epoch, seq, rules_version: rulesVersion },
  }));
}

/** A period with what stands beside it. */
export type ToldPeriod = Readonly<Record<string, CleanValue>>;

/** The columns of two periods that differ, as expected and as found; undefined where none do. */
export function differingPeriod(
  expected: ToldPeriod | undefined,
  found: ToldPeriod | undefined,
): [ToldPeriod | null, ToldPeriod | null] | undefined {
  if (!expected || !found) return [expected ?? null, found ?? null];
  const names = Object.keys(expected).filter((name) => {
    // Older loaders did not note the version.
    if (name === 'rules_version' && found[name] === null) return false;
    return expected[name] !== found[name];
  });
  if (names.length === 0) return undefined;
  const only = (period: ToldPeriod) =>
    Object.fromEntries(names.map((name) => [name, period[name] ?? null]));
  return [only(expected), only(found)];
}
