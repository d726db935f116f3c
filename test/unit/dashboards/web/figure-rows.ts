import { ticketFigureSet } from '../../../../dashboards/web/figures/ticket-figures.ts';
import type {
  QueryParameters,
  Warehouse,
  WarehouseRow,
} from '../../../../dashboards/web/figures/warehouse.ts';

type Parts = readonly [numerator: number | string | null, denominator?: number | string | null];

/** Rows as the warehouse gives them for the query set of the tickets page. */
export function figureRows(options: {
  readonly measures?: Readonly<Record<string, Parts>>;
  readonly breakdowns?: Readonly<Record<string, readonly (readonly [string | null, ...Parts])[]>>;
  readonly books?: WarehouseRow;
  readonly seq?: number;
  readonly committedMs?: number;
  readonly recent?: readonly WarehouseRow[];
  readonly choices?: readonly WarehouseRow[];
}): WarehouseRow[][] {
  const row = (figure: string, label: string | null, parts: Parts): WarehouseRow => ({
    figure,
    label,
    numerator: parts[0],
    denominator: parts[1] ?? null,
  });
  const figures = ticketFigureSet.measures.map(({ name, sql }) =>
    row(name, '', options.measures?.[name] ?? ('denominator' in sql ? [null, 0] : [0])),
  );
  const split = ticketFigureSet.breakdowns.flatMap(({ name }) =>
    (options.breakdowns?.[name] ?? []).map(([label, ...parts]) => row(name, label, parts)),
  );
  const noBooks = { read: null, shown: null, repeats: null, superseded: null, quarantined: null };
  return [
    [{ ...noBooks, quarantined_repeats: null, dead_lettered: null, ...options.books }],
    [
      {
        source: 'shop.care.tickets',
        epoch: 1_700_000_000,
        seq: options.seq ?? 10,
        committed_ms: options.committedMs ?? 1_760_000_000_000,
      },
    ],
    [...(options.recent ?? [])],
    [...(options.choices ?? [])],
    figures,
    split,
  ];
}

/** A warehouse that tells how often it was asked and answers as it is told. */
export function fakeWarehouse(answer: () => WarehouseRow[][] | Promise<WarehouseRow[][]>) {
  const asked: (readonly string[])[] = [];
  const bound: (QueryParameters | undefined)[] = [];
  const warehouse: Warehouse = {
    async readTogether(queries, { parameters }) {
      asked.push(queries);
      bound.push(parameters);
      return await answer();
    },
  };
  return { warehouse, asked, bound };
}
