/**
 * Prints what a deployment needs beside its templates.
 *
 *   node infra/aws/print.ts statements [deployment.yaml]    the SQL of the first deployment
 *   node infra/aws/print.ts costs [deployment.yaml]         what it costs a month, estimated
 */
import path from 'node:path';
import { costTable } from './cost-model.ts';
import { readDeployment } from './deployment.ts';
import {
  laterWarehouseStatements,
  sourceStatements,
  warehouseStatements,
} from './first-statements.ts';

const [what = '', file = path.join(import.meta.dirname, 'deployment.yaml')] = process.argv.slice(2);
const deployment = readDeployment(file);

const section = (title: string, statements: readonly string[]) =>
  [`-- ${title}`, ...statements.map((statement) => `${statement};`), ''].join('\n');

switch (what) {
  case 'statements':
    console.log(section('Source, as its administrator', sourceStatements(deployment)));
    console.log(section('Warehouse, as its administrator', warehouseStatements(deployment)));
    console.log(
      section('Warehouse, when the loader has started once', laterWarehouseStatements(deployment)),
    );
    break;
  case 'costs':
    console.log(costTable(deployment));
    break;
  default:
    console.error('usage: node infra/aws/print.ts statements|costs [deployment.yaml]');
    process.exitCode = 78;
}
