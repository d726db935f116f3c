import type { Books } from '../figures/books.ts';
import type { FilterChoices } from '../figures/filter-choices.ts';
import { filterSql, type Filter, type FilterSet, type FilterSql } from '../figures/filters.ts';
import { wholeFigures, type Figures, type MeasureSet } from '../figures/measure-queries.ts';
import { periodBefore, type PeriodBefore } from '../figures/period-before.ts';
import type { WarehouseRow } from '../figures/warehouse.ts';
import { explainCounts, type CountedReasons } from '../lists/reason-meaning.ts';
import { createDocumentFeed, type DatasetFreshness } from './document-feed.ts';
import type { Frontier } from './freshness.ts';
import type { FeedParts, LiveDocument, LiveFeed } from './snapshot-feed.ts';

/** The figures of a page that can be narrowed down, of one warehouse state. */
interface PageFigures extends Figures {
  readonly quarantine: readonly { readonly reasons: string; readonly count: number }[];
  readonly books: Books;
  readonly frontiers: readonly Frontier[];
  readonly choices: FilterChoices;
}

/** One consistent state of the warehouse, and how far it can be trusted. */
export interface FigureDocument<Dataset extends string> extends LiveDocument, Figures {
  readonly dataset: Dataset;
  readonly filter: Filter;
  /** Names of the figures that the filter does not narrow: their views lack its columns. */
  readonly whole: readonly string[];
  /** What to compare with, when both a first and a last day are chosen. */
  readonly before: PeriodBefore | null;
  readonly quarantine: readonly CountedReasons[];
  readonly books: Books | null;
  readonly frontiers: readonly Frontier[];
  readonly choices: FilterChoices | null;
}

/** What tells one such page from another. */
interface FigurePage<Dataset extends string, Own extends PageFigures, Lists> {
  readonly dataset: Dataset;
  readonly filters: FilterSet;
  readonly set: MeasureSet;
  /** The same measures as they are read under a filter: the smallest relations that know it. */
  readonly measured: (filter: FilterSql) => MeasureSet;
  readonly queries: (filter: FilterSql) => readonly string[];
  readonly assemble: (results: readonly (readonly WarehouseRow[])[]) => Own;
  /** What the page lists beside its figures; nothing before they are read. */
  readonly lists: (figures: Own | undefined) => Lists;
}

/** A feed of all figures of a page under one filter. */
export function createFigureFeed<Dataset extends string, Own extends PageFigures, Lists>(
  page: FigurePage<Dataset, Own, Lists>,
  parts: FeedParts & { readonly freshness: DatasetFreshness; readonly filter: Filter },
): LiveFeed<FigureDocument<Dataset> & Lists> {
  const { filter } = parts;
  const sql = filterSql(page.filters, filter);
  const whole = wholeFigures(page.set, sql);
  const queries = page.queries(sql);
  const before = periodBefore(page.filters, filter, page.measured);
  return createDocumentFeed(parts, {
    queries: [...queries, ...(before?.queries ?? [])],
    parameters: { ...sql.parameters, ...before?.parameters },
    assemble: (results) => ({
      ...page.assemble(results.slice(0, queries.length)),
      before: before?.read(results.slice(queries.length)) ?? null,
    }),
    tell: (figures) => ({
      ...{ dataset: page.dataset, filter, whole },
      measures: figures?.measures ?? {},
      before: figures?.before ?? null,
      breakdowns: figures?.breakdowns ?? {},
      matrices: figures?.matrices ?? {},
      quarantine: explainCounts(figures?.quarantine ?? []),
      books: figures?.books ?? null,
      frontiers: figures?.frontiers ?? [],
      choices: figures?.choices ?? null,
      ...page.lists(figures),
    }),
  });
}
