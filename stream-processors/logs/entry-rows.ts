import type { Verdict } from '../../schemas/datasets/dataset.ts';
import type { LogDataset } from '../../schemas/datasets/log-dataset.ts';
import { ORIGINAL_MAX_BYTES } from '../../schemas/image-row.ts';
import type { LogBlock, LogRange } from '../../schemas/log-entries.ts';
import { LOG_PATH_MAX_BYTES, type LogRowKind } from '../../schemas/log-row.ts';
import type { LakeRow } from '../batch-processor.ts';
import { cleanColumns, keyColumn } from '../clean-columns.ts';
import { fitText } from '../text-limits.ts';
import type { BlockPlace } from './block-headers.ts';

/** Where a record stood in Kafka. */
export interface RecordPlace {
  readonly partition: number;
  readonly offset: number;
}

const kinds: Readonly<Record<LogRange['kind'], LogRowKind>> = {
  entry: 'E',
  head: 'E',
  continued: 'E',
  tail: 'P',
  filler: 'F',
};

/** Base64 of so many bytes fills the column exactly. */
const BASE64_MAX_BYTES = (ORIGINAL_MAX_BYTES / 4) * 3;

/**
 * The lake rows of one readable block: one per range. Pure; the verdict depends on the entry and
 * the rules version alone.
 */
export function entryRows(dataset: LogDataset, block: LogBlock, record: RecordPlace): LakeRow[] {
  const shared = {
    host: block.host,
    generation: block.generation,
    generation_start: block.generation_start,
    rules_version: dataset.rulesVersion,
    path: fitText(block.path, LOG_PATH_MAX_BYTES).text,
    read_at_ms: block.read_at_ms,
    kafka_partition: record.partition,
    kafka_offset: record.offset,
  };
  return block.ranges.map((range) => {
    const kind = kinds[range.kind];
    return {
      ...shared,
      pos: range.offset,
      len: range.length,
      kind,
      entry_id: range.entry_id,
      ...(kind === 'E' ? judgement(dataset, range) : noJudgement),
      ...(kind === 'P' ? original(range, decodeText(range)) : {}),
    };
  });
}

/** The row of a block whose bytes cannot be read: it covers the range that the headers tell. */
export function unreadableRow(place: BlockPlace, record: RecordPlace, readAtMs: number): LakeRow {
  return {
    host: place.host,
    generation: place.generation,
    generation_start: place.generationStart,
    pos: place.first,
    len: place.end - place.first,
    kind: 'X',
    entry_id: '',
    rules_version: 0,
    ...noJudgement,
    reasons: 'record:unreadable',
    book_day: 'unknown',
    read_at_ms: readAtMs,
    kafka_partition: record.partition,
    kafka_offset: record.offset,
  };
}

/**
 * The row that covers the range of an entry whose own row the lake refuses: as of a block that
 * cannot be read. Filler holds nothing that could be refused.
 */
export function placeholderRow(row: LakeRow): LakeRow | undefined {
  if (row['kind'] !== 'E' && row['kind'] !== 'P') return undefined;
  return {
    ...Object.fromEntries(PLACE.map((column) => [column, row[column] ?? null])),
    kind: 'X' satisfies LogRowKind,
    entry_id: '',
    rules_version: 0,
    ...noJudgement,
    reasons: 'record:refused',
    book_day: 'unknown',
  };
}

const PLACE = [
  ...['host', 'generation', 'generation_start', 'pos', 'len'],
  ...['read_at_ms', 'kafka_partition', 'kafka_offset'],
];

const noJudgement = { accepted: 0, sort_ms: 0 };

function judgement(dataset: LogDataset, range: LogRange): LakeRow {
  const text = decodeText(range);
  // Bytes that are no text still have a beginning to go by.
  const readable = text ?? range.bytes.toString('utf8');
  const shared = { sort_ms: dataset.sortMs(readable), book_day: dataset.bookDay(readable) };
  const verdict = judge(dataset, range, text);
  if (verdict.accepted) {
    return { ...shared, accepted: 1, ...cleanColumns(dataset.cleanColumns, verdict.clean) };
  }
  return {
    ...shared,
    accepted: 0,
    ...keyColumn(dataset.cleanColumns, dataset.keyField, dataset.keyOf(readable)),
    reasons: fitText(verdict.reasons.join(','), 2048).text,
    ...original(range, text),
  };
}

/** What is no whole entry is not left to the rules: its beginning may look like one. */
function judge(dataset: LogDataset, range: LogRange, text: string | undefined): Verdict {
  if (range.truncated) return { accepted: false, reasons: ['entry:too-long'] };
  if (text === undefined) return { accepted: false, reasons: ['entry:invalid-utf8'] };
  if (range.kind === 'head') return { accepted: false, reasons: ['entry:cut-by-rotation'] };
  const verdict = dataset.judge(text);
  if (verdict.accepted || range.kind !== 'continued') return verdict;
  return { accepted: false, reasons: [...verdict.reasons, 'entry:continued'] };
}

/** @returns undefined where the bytes are no UTF-8; a character that was cut at the end is left out. */
function decodeText({ bytes, truncated }: LogRange): string | undefined {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return decoder.decode(bytes, { stream: truncated });
  } catch {
    return undefined;
  }
}

/** The entry as it stood, in base64 where the warehouse could not hold it as text. */
function original({ bytes, length, truncated }: LogRange, text: string | undefined): LakeRow {
  const isText = text !== undefined && !text.includes('\0');
  return {
    original: isText
      ? fitText(text, ORIGINAL_MAX_BYTES).text
      : bytes.subarray(0, BASE64_MAX_BYTES).toString('base64'),
    original_encoding: isText ? 'utf8' : 'base64',
    original_bytes: truncated ? length : bytes.length,
  };
}
