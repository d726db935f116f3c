import { explainReasons, type ReasonMeaning } from '../../dashboards/web/lists/reason-meaning.ts';
import type { DataApi, WarehouseValue } from '../../runtime/redshift/data-api.ts';
import { findDataset } from '../../schemas/datasets/registry.ts';
import { describeRule, findRule } from '../../schemas/datasets/rule-description.ts';
import { quoteText } from '../../runtime/sql/quoting.ts';

/** What is set aside for the same reasons, as `quarantine list --json` writes it. */
export interface QuarantineGroup {
  readonly dataset: string;
  readonly reasons: string;
  readonly rows: number;
  /** With their repeats. */
  readonly copies: number;
  readonly meaning: readonly ReasonMeaning[];
  /** The newest ones. */
  readonly examples: readonly { readonly event_id: string; readonly ticket_id: string | null }[];
}

/** Which rows are meant; what is left out may be anything. */
export interface QuarantineFilter {
  readonly dataset?: string | undefined;
  /** One of the reasons of a row: `field:reason`. */
  readonly reason?: string | undefined;
  /** An event id, a ticket id or an entry id. */
  readonly id?: string | undefined;
}

const EXAMPLES = 3;
const ROWS_SHOWN = 20;

/** The condition of a filter, over `careplus.quarantine q`. */
export function quarantineFilter({ dataset, reason, id }: QuarantineFilter): string {
  const conditions = [
    dataset === undefined ? '' : `q.dataset = ${quoteText(dataset)}`,
    reason === undefined ? '' : `',' || q.reasons || ',' LIKE ${quoteText(`%,${reason},%`)}`,
    id === undefined
      ? ''
      : `(q.event_id = ${quoteText(id)} OR q.ticket_id = ${quoteText(id)} OR q.image_id = ${quoteText(id)})`,
  ].filter((condition) => condition !== '');
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
}

/** What is in quarantine now by its reasons, the most frequent first. */
export async function listQuarantine(
  api: DataApi,
  filter: QuarantineFilter,
  signal: AbortSignal,
): Promise<QuarantineGroup[]> {
  const sums = await api.query(
    `SELECT q.dataset, q.reasons, COUNT(*) AS row_count, SUM(q.copies) AS copy_count FROM careplus.quarantine q${quarantineFilter(filter)} GROUP BY q.dataset, q.reasons ORDER BY 3 DESC, 1, 2`,
    { signal },
  );
  const newest = await api.query(
    `SELECT e.dataset, e.reasons, e.event_id, e.ticket_id FROM (SELECT q.dataset, q.reasons, q.event_id, q.ticket_id, row_number() OVER (PARTITION BY q.dataset, q.reasons ORDER BY q.quarantined_at DESC, q.event_id DESC) AS place FROM careplus.quarantine q${quarantineFilter(filter)}) e WHERE e.place <= ${EXAMPLES} ORDER BY e.place`,
    { signal },
  );
  return sums.rows.map((row) => {
    const [dataset, reasons] = [String(row['dataset']), String(row['reasons'])];
    return {
      ...{ dataset, reasons },
      rows: Number(row['row_count']),
      copies: Number(row['copy_count']),
      meaning: explainReasons(reasons),
      examples: newest.rows
        .filter((each) => each['dataset'] === dataset && each['reasons'] === reasons)
        .map((each) => ({
          event_id: String(each['event_id']),
          ticket_id: textOf(each['ticket_id']),
        })),
    };
  });
}

/** One row with its original, and why it is set aside. */
export interface QuarantinedRow {
  readonly dataset: string;
  readonly event_id: string;
  readonly ticket_id: string | null;
  readonly reasons: string;
  /** Each reason in words, and what its rule accepts. */
  readonly why: readonly (ReasonMeaning & { readonly accepted: string | null })[];
  readonly copies: number;
  readonly original: string | null;
  readonly original_encoding: string | null;
  readonly original_bytes: number | null;
  readonly raw_pointer: string | null;
  readonly rules_version: number;
  readonly quarantined_at: string | null;
}

/** The rows that an event id, a ticket id or an entry id names, the first ones. */
export async function showQuarantined(
  api: DataApi,
  id: string,
  signal: AbortSignal,
): Promise<QuarantinedRow[]> {
  const { rows } = await api.query(
    `SELECT q.dataset, q.event_id, q.ticket_id, q.reasons, q.copies, q.original, q.original_encoding, q.original_bytes, q.raw_pointer, q.rules_version, q.quarantined_at FROM careplus.quarantine q${quarantineFilter({ id })} ORDER BY q.event_id LIMIT ${ROWS_SHOWN}`,
    { signal },
  );
  return rows.map((row) => {
    const [dataset, reasons] = [String(row['dataset']), String(row['reasons'])];
    const bytes = row['original_bytes'] ?? null;
    return {
      ...{
        dataset,
        reasons,
        event_id: String(row['event_id']),
        ticket_id: textOf(row['ticket_id']),
      },
      why: explainReasons(reasons).map((meaning) => ({
        ...meaning,
        accepted: acceptedBy(dataset, meaning),
      })),
      copies: Number(row['copies']),
      original: textOf(row['original']),
      original_encoding: textOf(row['original_encoding']),
      original_bytes: bytes === null ? null : Number(bytes),
      raw_pointer: textOf(row['raw_pointer']),
      rules_version: Number(row['rules_version']),
      quarantined_at: textOf(row['quarantined_at']),
    };
  });
}

/** What the rule behind a reason accepts; null where no rule gave it. */
export function acceptedBy(dataset: string, { field, reason }: ReasonMeaning): string | null {
  const rules = findDataset(dataset)?.rules;
  if (!rules) return null;
  if ('grammar' in rules && reason === 'unparsable') return rules.grammar;
  const rule = findRule(rules, field, reason);
  return rule ? describeRule(rule).accepted : null;
}

function textOf(value: WarehouseValue | undefined): string | null {
  return value === null || value === undefined ? null : String(value);
}
