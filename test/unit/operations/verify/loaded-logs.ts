import { readFileSync } from 'node:fs';
import path from 'node:path';
import { splitEntries } from '../../../../log-shipper/entry-splitter.ts';
import type { ShownRow } from '../../../../operations/verify/image-checks.ts';
import { checksumOf, pieceOf } from '../../../../operations/verify/judged-columns.ts';
import { judgedEntry } from '../../../../operations/verify/judged-row.ts';
import type { LogFile } from '../../../../operations/verify/log-files.ts';
import type { Arrival } from '../../../../operations/verify/log-reading.ts';
import type {
  EntryState,
  LogWarehouse,
  OtherArrivals,
} from '../../../../operations/verify/log-warehouse.ts';
import type { CleanValue } from '../../../../schemas/datasets/dataset.ts';
import { supportLogs } from '../../../../schemas/datasets/support-logs/index.ts';
import { entryRows } from '../../../../stream-processors/logs/entry-rows.ts';
import { logEntryId } from '../../../../schemas/log-identity.ts';

export const HOST = 'test-host';

type Loaded<T> = { -readonly [Field in keyof T]: T[Field] };

/** A warehouse as shipper, processor and loader without faults leave it; open to planted ones. */
export interface LoadedLogs {
  readonly frontiers: Map<string, { start: number; upto: number }>;
  readonly arrivals: Map<string, Loaded<Arrival>[]>;
  readonly others: OtherArrivals[];
  readonly states: Map<string, Loaded<EntryState>>;
  readonly shown: (Omit<ShownRow, 'copies' | 'cells'> & { cells: CleanValue[] })[];
  readonly quarantine: { imageId: string; copies: number; reasons: string | null }[];
  asWarehouse(): LogWarehouse;
}

export const generationOf = (file: string) => `1700000000000-${path.basename(file)}`;

/**
 * Loads files with the shipper's own splitter, which verify does not use.
 *
 * @param cuts bytes of a file at which the shipper took the rest of a quiet file as it stood.
 */
export function loadLogs(
  files: readonly LogFile[],
  cuts: ReadonlyMap<string, number> = new Map(),
): LoadedLogs {
  const loaded: LoadedLogs = {
    frontiers: new Map(),
    arrivals: new Map(),
    others: [],
    states: new Map(),
    shown: [],
    quarantine: [],
    asWarehouse: () => ({
      ...loaded,
      states: [...loaded.states.values()],
      checkEvidence: async () => 0,
      async *parts() {
        const { shown, quarantine } = loaded;
        yield { holds: () => true, shown, quarantine, details: async () => new Map() };
      },
    }),
  };
  for (const file of files) {
    const bytes = readFileSync(file.path);
    const generation = generationOf(file.path);
    loaded.frontiers.set(generation, { start: 0, upto: bytes.length });
    const cut = cuts.get(file.path) ?? bytes.length;
    const first = splitEntries(bytes.subarray(0, cut), {
      ...{
        framing: supportLogs.framing,
        ending: 'idle',
        full: false,
        before: 'nothing',
        atFileStart: true,
      },
    });
    const { before } = first;
    const second = splitEntries(bytes.subarray(cut), {
      ...{ framing: supportLogs.framing, ending: 'idle', full: false, before, atFileStart: false },
    });
    const spans = [
      ...first.spans,
      ...second.spans.map((span) => ({ ...span, start: span.start + cut, end: span.end + cut })),
    ];
    loaded.arrivals.set(
      generation,
      spans.map(({ start, end, kind }) => {
        const entry = bytes.subarray(start, end);
        if (kind === 'filler') return { pos: start, len: end - start, kind: 'F', entryId: '' };
        const entryId = addEntry(loaded, entry, kind === 'continued');
        return { pos: start, len: end - start, kind: 'E', entryId };
      }),
    );
  }
  return loaded;
}

function addEntry(loaded: LoadedLogs, bytes: Buffer, continued: boolean): string {
  const id = logEntryId(supportLogs.framing, HOST, bytes);
  const known = loaded.states.get(id);
  const set = loaded.quarantine.find(({ imageId }) => imageId === id);
  if (known) {
    known.copies += 1;
    if (set) set.copies += 1;
    return id;
  }
  const checksum = checksumOfEntry(bytes, id, continued ? 'continued' : 'entry');
  const text = bytes.toString('utf8');
  const verdict = supportLogs.judge(text);
  const reasons = verdict.accepted
    ? ''
    : [...verdict.reasons, ...(continued ? ['entry:continued'] : [])].join(',');
  loaded.states.set(id, {
    ...{ entryId: id, copies: 1, rulesVersion: supportLogs.rulesVersion, reasons },
    ...{ accepted: verdict.accepted, day: supportLogs.bookDay(text), checksum, event: '' },
  });
  if (!verdict.accepted) loaded.quarantine.push({ imageId: id, copies: 1, reasons });
  else {
    const cells = supportLogs.cleanColumns.map(({ name }) => verdict.clean[name] ?? null);
    loaded.shown.push({ imageId: id, cells });
  }
  return id;
}

/** Over the row that the processor makes of an entry. */
export function checksumOfEntry(
  bytes: Buffer,
  id: string,
  kind: 'entry' | 'continued' = 'entry',
): string {
  const block = {
    ...{ host: HOST, path: '', generation: '', generation_start: 0, read_at_ms: 0 },
    ranges: [{ offset: 0, length: bytes.length, entry_id: id, bytes, truncated: false, kind }],
  };
  const [row = {}] = entryRows(supportLogs, block, { partition: 0, offset: 0 });
  const { columns } = judgedEntry(supportLogs);
  const pieces = columns.map((column) => pieceOf(column, row[column.name] ?? null));
  return checksumOf(columns, pieces);
}
