import { beforeAll, expect, it } from 'vitest';
import { readProject } from '../../../dashboards/power-bi/checks/project-files.ts';
import { readSemanticModel, viewOf } from '../../../dashboards/power-bi/checks/semantic-model.ts';
import {
  checkWarehouse,
  type ViewColumn,
} from '../../../dashboards/power-bi/checks/warehouse-checks.ts';
import { startLocalWarehouse, type LocalWarehouse } from './local-warehouse.ts';

let warehouse: LocalWarehouse;

beforeAll(async () => {
  warehouse = await startLocalWarehouse();
  return () => warehouse.close();
}, 60_000);

it('the Power BI model shows views and columns of the warehouse, with their types and meaning', async () => {
  const { database } = warehouse;
  const columns = await database.query<ViewColumn>(
    `SELECT table_name AS view, column_name AS name, data_type AS type, character_maximum_length AS length,
       col_description(format('%I.%I', table_schema, table_name)::regclass, ordinal_position::int) AS comment
     FROM information_schema.columns WHERE table_schema = 'reporting'`,
  );
  const views = await database.query<{ view: string; comment: string }>(
    `SELECT relname AS view, obj_description(oid) AS comment
     FROM pg_class WHERE relnamespace = 'reporting'::regnamespace AND relkind = 'v'`,
  );
  const { model, findings } = readSemanticModel(readProject());
  expect(findings).toEqual([]);
  expect(
    checkWarehouse(
      model,
      columns.rows,
      new Map(views.rows.map(({ view, comment }) => [view, comment])),
    ),
  ).toEqual([]);
  // Each table is a view of its own, so the model shows as many views as it has tables.
  expect(new Set(model.tables.map(viewOf)).size).toBe(model.tables.length);
  expect(model.tables.length).toBeGreaterThan(6);
});
