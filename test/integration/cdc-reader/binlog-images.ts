import { BinlogDecoder } from '../../../cdc-reader/binlog-decoder.ts';
import { readBinlog } from '../../../cdc-reader/binlog-stream.ts';
import { openSnapshot } from '../../../cdc-reader/snapshot.ts';
import { openSource } from '../../../cdc-reader/source-connection.ts';
import { loadCatalog } from '../../../cdc-reader/table-catalog.ts';
import type { TableShape } from '../../../cdc-reader/table-shape.ts';
import type { TableDataset } from '../../../schemas/datasets/dataset.ts';
import { supportTickets } from '../../../schemas/datasets/support-tickets/index.ts';
import type { Source } from './servers.ts';

/** Canonical row as one text. */
type Image = string;
const imageOf = (row: object | null): Image => JSON.stringify(row);

/** Reads a table as the reader does, without a broker: as a snapshot and from the binlog. */
export class TableImages {
  readonly #source: Source;
  readonly #table: string;
  readonly #dataset: TableDataset;

  constructor(source: Source, table: string, columns: readonly string[]) {
    this.#source = source;
    this.#table = table;
    const mapping = columns.map((column) => ({ field: column, column }));
    this.#dataset = { ...supportTickets, keyField: columns[0] ?? '', mapping };
  }

  async snapshot(): Promise<{ images: Image[]; gtidSet: string; shape: TableShape }> {
    const { login, database } = this.#source;
    const connect = () => openSource(async () => login, AbortSignal.timeout(20_000));
    await using connection = await connect();
    const [dataset, table] = [this.#dataset, this.#table];
    const view = await openSnapshot(connection, { dataset, database, table }, connect);
    const images: Image[] = [];
    for await (const row of view.rows()) images.push(imageOf(row));
    return { images, gtidSet: view.gtidSet, shape: view.shape };
  }

  /** Images that the binlog brings and takes behind a position, up to now. */
  async stream(
    gtidSet: string,
  ): Promise<{ added: Image[]; removed: Image[]; shape: TableShape | undefined }> {
    const { login, database } = this.#source;
    const signal = AbortSignal.timeout(20_000);
    await using connection = await openSource(async () => login, signal);
    const catalog = await loadCatalog(connection, database, this.#table);
    const decoder = new BinlogDecoder(this.#dataset, catalog, connection.flavour);
    const [added, removed]: [Image[], Image[]] = [[], []];
    let shape: TableShape | undefined;
    const binlog = readBinlog(
      {
        login: async () => login,
        serverId: 7_002,
        database,
        table: this.#table,
        gtidSet,
        heartbeatMs: 200,
        decoder,
      },
      signal,
    );
    for await (const batch of binlog) {
      for (const event of batch) {
        if (event.kind !== 'rows') continue;
        ({ shape } = event);
        for (const { before, after } of event.rows) {
          if (before) removed.push(imageOf(before));
          if (after) added.push(imageOf(after));
        }
      }
      // A heartbeat: the source has sent everything.
      if (batch.some(({ kind }) => kind === 'heartbeat')) break;
    }
    return { added, removed, shape };
  }
}

/** Copies by image that are left when the removed ones are taken from the added ones. */
export function balance(added: readonly Image[], removed: readonly Image[]): [Image, number][] {
  const counts = new Map<Image, number>();
  for (const image of added) counts.set(image, (counts.get(image) ?? 0) + 1);
  for (const image of removed) counts.set(image, (counts.get(image) ?? 0) - 1);
  // One of them is enough to be told.
  return [...counts].filter(([, count]) => count !== 0).slice(0, 2);
}
