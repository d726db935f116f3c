import { afterAll, afterEach, beforeAll } from 'vitest';
import type { TableDataset } from '../../../schemas/datasets/dataset.ts';
import { startTestBroker, type TestBroker } from '../kafka/broker.ts';
import { CapturedTable } from './reader-harness.ts';
import { startSource, type Source } from './servers.ts';

interface CaptureOptions {
  readonly dataset?: TableDataset;
  readonly serverId?: number;
}

/** A source for all tests of a file, and the broker of the run; every test's readers end with it. */
export function useServers(openSource: () => Promise<Source> = startSource) {
  let running: { readonly source: Source; readonly broker: TestBroker } | undefined;
  const tables: CapturedTable[] = [];
  const servers = () => {
    if (!running) throw new Error('the servers do not run yet');
    return running;
  };
  beforeAll(async () => {
    const [source, broker] = await Promise.all([openSource(), startTestBroker()]);
    running = { source, broker };
  });
  afterEach(async () => {
    await Promise.all(tables.splice(0).map((table) => table.close()));
  });
  afterAll(async () => {
    await Promise.all([running?.source.stop(), running?.broker.stop()]);
  });

  async function capture(table: string, options: CaptureOptions = {}): Promise<CapturedTable> {
    const captured = await CapturedTable.prepare(
      servers().source,
      servers().broker,
      table,
      options,
    );
    tables.push(captured);
    return captured;
  }

  return {
    get source() {
      return servers().source;
    },
    get broker() {
      return servers().broker;
    },
    capture,
    /** A captured ticket table; all columns TEXT and without a key, as CarePlus has it. */
    ticketTable: async (name: string, rows: readonly string[] = []): Promise<CapturedTable> => {
      const { source } = servers();
      await source.sql(`CREATE TABLE ${name} (ticket_id TEXT, status TEXT, note TEXT)`);
      if (rows.length > 0) await source.sql(`INSERT INTO ${name} VALUES ${rows.join(', ')}`);
      return capture(name);
    },
  };
}
