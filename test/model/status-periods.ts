import type { PublishedImage } from './source-history.ts';

/**
 * The second opinion on the status periods: played forward through a plain list of images, where
 * the loader's SQL looks back over a table.
 */

export interface Period {
  readonly source: string;
  readonly key: string;
  readonly place: number;
  readonly status: string;
  readonly prior: string | null;
  readonly enteredMs: number;
  readonly leftMs: number | null;
}

/** What an image says of its ticket; undefined where the rules do not accept it. */
export interface Said {
  readonly status: string;
  readonly createdMs: number;
  readonly resolvedMs: number | null;
}

/** An image of history, in the form that it has now: unreadable ones may have been repaired. */
export interface PastImage extends PublishedImage {
  readonly said: Said | undefined;
  readonly committedMs: number;
}

/** @param epochs of one source, whole up to their frontier, oldest first. */
export function periodsOf(epochs: readonly (readonly PastImage[])[]): Period[] {
  const told = new Map<string, { said: Said; atMs: number }[]>();
  let shownNow = new Set<string>();
  for (const images of epochs) {
    const end = images.find(({ kind }) => kind === 'E')?.seq;
    if (end === undefined) continue;
    shownNow = new Set();
    const tickets = new Map<string, Map<string, { image: PastImage; copies: number }>>();
    let moved = new Set<string>();
    for (const image of images) {
      if (image.kind === 'T') {
        tickets.clear();
        shownNow.clear();
        moved = new Set();
      } else if (image.kind !== 'E') {
        const rows =
          tickets.get(image.key) ?? new Map<string, { image: PastImage; copies: number }>();
        tickets.set(image.key, rows);
        const copies = (rows.get(image.image)?.copies ?? 0) + (image.kind === '-' ? -1 : 1);
        rows.set(image.image, { image, copies });
        moved.add(image.key);
      }
      if (!image.txEnd || image.seq < end) continue;
      for (const key of moved) {
        const said = shownOf([...(tickets.get(key)?.values() ?? [])]);
        shownNow.delete(key);
        if (!said) continue;
        shownNow.add(key);
        const past = told.get(key) ?? [];
        told.set(key, past);
        past.push({ said, atMs: image.committedMs });
      }
      moved = new Set();
    }
  }
  const source = epochs[0]?.[0]?.source ?? '';
  return [...told]
    .filter(([key]) => shownNow.has(key))
    .flatMap(([key, states]) =>
      periodsOfTicket(states).map((period) => ({ source, key, ...period })),
    );
}

function shownOf(rows: readonly { image: PastImage; copies: number }[]): Said | undefined {
  const there = rows.filter(({ copies }) => copies > 0).map(({ image }) => image);
  there.sort((a, b) => b.rank - a.rank || (a.image < b.image ? 1 : -1));
  return there[0]?.said;
}

function periodsOfTicket(
  states: readonly { said: Said; atMs: number }[],
): Omit<Period, 'source' | 'key'>[] {
  const begun: { status: string; enteredMs: number }[] = [];
  const begin = (status: string, atMs: number) =>
    begun.push({ status, enteredMs: Math.max(atMs, begun.at(-1)?.enteredMs ?? atMs) });
  let before: Said | undefined;
  for (const { said, atMs } of states) {
    const { status, createdMs, resolvedMs } = said;
    const closedAt = status === 'Open' ? null : resolvedMs;
    if (!before) {
      if (closedAt !== null) begin('Open', createdMs);
      begin(status, closedAt ?? createdMs);
    } else if (status !== before.status) {
      begin(status, closedAt !== null && closedAt !== before.resolvedMs ? closedAt : atMs);
    }
    before = said;
  }
  return begun.map(({ status, enteredMs }, index) => ({
    place: index + 1,
    status,
    prior: begun[index - 1]?.status ?? null,
    enteredMs,
    leftMs: begun[index + 1]?.enteredMs ?? null,
  }));
}
