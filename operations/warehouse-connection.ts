import type { Config } from '../runtime/config/config-schema.ts';
import { createDataApi, type DataApi } from '../runtime/redshift/data-api.ts';
import { createRedshiftDataClient } from '../runtime/redshift/redshift-client.ts';

/** A person waits: a warehouse that cannot be reached is told soon. */
const GIVE_UP_MS = 15_000;

/** The configured warehouse, until the block ends. */
export function connectWarehouse(config: Config): Disposable & { readonly api: DataApi } {
  const client = createRedshiftDataClient(config.aws);
  const { workgroup: workgroupName, database, secretArn } = config.warehouse;
  return {
    api: createDataApi({
      client,
      target: { workgroupName, database, secretArn },
      giveUpMs: GIVE_UP_MS,
    }),
    [Symbol.dispose]: () => client.destroy(),
  };
}
