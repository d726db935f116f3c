import type { QueryParameters, WarehouseRow } from '../figures/warehouse.ts';
import type { LoadedBatch } from './batch-watch.ts';
import type { Frontier } from './freshness.ts';
import {
  createSnapshotFeed,
  type FeedParts,
  type LiveDocument,
  type LiveFeed,
} from './snapshot-feed.ts';

/** How far the figures of one dataset can be trusted. */
export interface DatasetFreshness {
  readonly completeUpToMs: number | null;
  onFrontiers(frontiers: readonly Frontier[], batch: LoadedBatch | null): void;
}

/** What tells one document from another. */
interface DocumentContent<Figures, Own extends object> {
  readonly queries: readonly string[];
  readonly parameters: QueryParameters;
  readonly assemble: (results: readonly (readonly WarehouseRow[])[]) => Figures;
  /** What the document says beside its state; of nothing, before the warehouse was read. */
  readonly tell: (figures: Figures | undefined) => Own;
}

/** A feed of documents about one dataset: its newest snapshot, and how fresh that is. */
export function createDocumentFeed<
  Figures extends { readonly frontiers: readonly Frontier[] },
  Own extends object,
>(
  parts: FeedParts & { readonly freshness: DatasetFreshness },
  content: DocumentContent<Figures, Own>,
): LiveFeed<LiveDocument & Own> {
  const { freshness } = parts;
  const snapshots = createSnapshotFeed<Figures>({
    ...parts,
    ...content,
    onFigures: ({ frontiers }, batch) => freshness.onFrontiers(frontiers, batch),
  });
  const pulse = () => ({ completeUpToMs: freshness.completeUpToMs });
  return {
    get version() {
      return snapshots.version;
    },
    refresh: () => snapshots.refresh(),
    pulse,
    current: () => ({ ...content.tell(snapshots.figures), ...snapshots.state, ...pulse() }),
  };
}
