import type { Books } from '../figures/books.ts';
import type { FilterChoices } from '../figures/filter-choices.ts';
import { filterSql, type Filter, type FilterSet, type FilterSql } from '../figures/filters.ts';
import { wholeFigures, type Figures, type MeasureSet } from '../figures/measure-queries.ts';
import type { WarehouseRow } from '../figures/warehouse.ts';
import { explainCounts, type CountedReasons } from '../lists/reason-meaning.ts';
import type { LoadedBatch } from './batch-watch.ts';
import type { Frontier } from './freshness.ts';
import {
  createSnapshotFeed,
  type FeedParts,
  type LiveDocument,
  type LiveFeed,
} from './snapshot-feed.ts';

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
  readonly queries: (filter: FilterSql) => readonly string[];
  readonly assemble: (results: readonly (readonly WarehouseRow[])[]) => Own;
  /** What the page lists beside its figures; nothing before they are read. */
  readonly lists: (figures: Own | undefined) => Lists;
}

/** How far the figures of a page can be trusted. */
interface PageFreshness {
  readonly completeUpToMs: number | null;
  onFrontiers(frontiers: readonly Frontier[], batch: LoadedBatch | null): void;
}

/** A feed of all figures of a page under one filter. */
export function createFigureFeed<Dataset extends string, Own extends PageFigures, Lists>(
  page: FigurePage<Dataset, Own, Lists>,
  parts: FeedParts & { readonly freshness: PageFreshness; readonly filter: Filter },
): LiveFeed<FigureDocument<Dataset> & Lists> {
  const { freshness, filter } = parts;
  const sql = filterSql(page.filters, filter);
  const whole = wholeFigures(page.set, sql);
  const snapshots = createSnapshotFeed({
    ...parts,
    queries: page.queries(sql),
    parameters: sql.parameters,
    assemble: page.assemble,
    onFigures: ({ frontiers }, batch) => freshness.onFrontiers(frontiers, batch),
  });
  const pulse = () => ({ completeUpToMs: freshness.completeUpToMs });
  return {
    get version() {
      return snapshots.version;
    },
    refresh: () => snapshots.refresh(),
    pulse,
    current() {
      const { figures, state } = snapshots;
      return {
        ...{ dataset: page.dataset, filter, whole },
        ...state,
        ...pulse(),
        measures: figures?.measures ?? {},
        breakdowns: figures?.breakdowns ?? {},
        matrices: figures?.matrices ?? {},
        quarantine: explainCounts(figures?.quarantine ?? []),
        books: figures?.books ?? null,
        frontiers: figures?.frontiers ?? [],
        choices: figures?.choices ?? null,
        ...page.lists(figures),
      };
    },
  };
}
