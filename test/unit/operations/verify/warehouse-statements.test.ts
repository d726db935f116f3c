import { describe, expect, it } from 'vitest';
import { translate } from '../../../../infra/local/aws-endpoint/redshift/dialect/translate.ts';
import * as evidence from '../../../../operations/verify/evidence-statements.ts';
import * as lives from '../../../../operations/verify/life-statements.ts';
import * as statements from '../../../../operations/verify/warehouse-statements.ts';
import { supportTickets } from '../../../../schemas/datasets/support-tickets/index.ts';

const scope = { dataset: supportTickets, source: "server.db.o'table" };
const { lifecycle } = supportTickets;
if (lifecycle === null) throw new Error('no lifecycle');
const slice = { from: '4', to: '8' };

describe('Redshift takes', () => {
  it.each([
    ['frontierSql', statements.frontierSql(scope)],
    ['transactionsSql', statements.transactionsSql(scope, 7, 1, 2)],
    ['laterChangesSql', statements.laterChangesSql(scope, 7, 1)],
    ['unreadableSql', statements.unreadableSql(scope, 7)],
    ['numbersSql', statements.numbersSql(scope, 7)],
    ['pendingSql', statements.pendingSql(scope, 7)],
    ['gapsSql', statements.gapsSql(scope, 7)],
    ['doubledNumbersSql', statements.doubledNumbersSql(scope, 7)],
    ['driftSql', statements.driftSql(scope, 7)],
    ['stateDetailsSql', statements.stateDetailsSql(scope, 7, ['a', 'b'])],
    ['unlikeEventsSql', evidence.unlikeEventsSql(scope, 7)],
    ['unlikeImagesSql', evidence.unlikeImagesSql(scope)],
    ['imageRowsSql', evidence.imageRowsSql(scope, ['a', 'b'])],
    ['oddRowsSql', evidence.oddRowsSql(scope)],
    ['brokenTransactionsSql', evidence.brokenTransactionsSql(scope)],
    ['otherSourcesSql', evidence.otherSourcesSql(scope)],
    ['markersSql', lives.markersSql(scope)],
    ['livesSql', lives.livesSql({ ...scope, lifecycle }, 7, slice)],
    ['periodsSql', lives.periodsSql({ ...scope, lifecycle }, slice)],
    ['stateSql', statements.stateSql(scope, 7, slice)],
    ['shownSql', statements.shownSql(scope, slice)],
    ['quarantineSql', statements.quarantineSql(scope, slice)],
  ])('%s', (_, sql) => {
    expect(translate(sql)).toMatchObject({ kind: 'sql', returnsRows: true });
  });
});
