import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import type { LedgerRow } from '../image-comparison.ts';

/** What the ledger is to say of an object in the end. */
type Outcome = 'loaded' | 'quarantined' | 'foreign';

/** Compares the warehouse with what must follow from the objects that its ledger names. */
export interface Observer<Row, Warehouse> {
  /** An object has been put. */
  expect(key: string, outcome: Outcome, rows: readonly Row[]): void;
  /**
   * Looks once. State and ledger are of one moment, so nothing needs to stand still.
   *
   * @throws at the first difference.
   */
  observe(): Promise<void>;
  /** Objects that the ledger did not name when it was last looked at. */
  readonly waiting: readonly string[];
  /** What was seen last. */
  readonly latest: Warehouse | undefined;
}

export function createObserver<Row, Warehouse extends { readonly ledger: readonly LedgerRow[] }>(
  read: () => Promise<Warehouse>,
  compare: (warehouse: Warehouse, arrived: readonly Row[]) => void,
): Observer<Row, Warehouse> {
  const objects = new Map<string, { readonly outcome: Outcome; readonly rows: readonly Row[] }>();
  let ledgered = new Set<string>();
  let latest: Warehouse | undefined;
  let last: Promise<unknown> = Promise.resolve();

  async function look(): Promise<void> {
    const warehouse = await read();
    const before = latest;
    latest = warehouse;
    const keys = warehouse.ledger.map(({ key }) => key);
    if (before && isDeepStrictEqual(warehouse.ledger, before.ledger)) {
      if (!isDeepStrictEqual(warehouse, before)) expect(warehouse).toEqual(before);
      return;
    }
    expect(keys, 'each object once in the ledger').toEqual([...new Set(keys)]);
    for (const key of ledgered) expect(keys, 'the ledger forgets nothing').toContain(key);
    for (const { key, outcome } of warehouse.ledger) {
      expect({ key, outcome }).toEqual({ key, outcome: objects.get(key)?.outcome });
    }
    ledgered = new Set(keys);
    const arrived = keys.flatMap((key) => objects.get(key)?.rows ?? []);
    compare(warehouse, arrived);
  }

  return {
    expect(key, outcome, rows) {
      objects.set(key, { outcome, rows });
    },
    observe() {
      // One at a time, for what is shown must not go back.
      const looked = last.then(look);
      last = looked.catch(() => undefined);
      return looked;
    },
    get latest() {
      return latest;
    },
    get waiting() {
      return [...objects.keys()].filter((key) => !ledgered.has(key));
    },
  };
}
