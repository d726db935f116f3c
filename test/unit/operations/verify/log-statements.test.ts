import { describe, expect, it } from 'vitest';
import { translate } from '../../../../infra/local/aws-endpoint/redshift/dialect/translate.ts';
import { logEvidence } from '../../../../operations/verify/log-evidence.ts';
import * as statements from '../../../../operations/verify/log-statements.ts';
import { supportLogs } from '../../../../schemas/datasets/support-logs/index.ts';

const scope = { dataset: supportLogs, host: "o'host" };
const slice = { from: '4', to: '8' };
const generations = ['1700000000000-a', '1700000000001-b'];

describe('Redshift takes', () => {
  it.each([
    ['logFrontierSql', statements.logFrontierSql(scope)],
    ['logPendingSql', statements.logPendingSql(scope)],
    ['arrivalsSql', statements.arrivalsSql(scope, generations)],
    ['arrivalsSql of no file', statements.arrivalsSql(scope, [])],
    ['otherArrivalsSql', statements.otherArrivalsSql(scope, generations)],
    ['entryStateSql', statements.entryStateSql(scope, slice)],
    ['shownEntriesSql', statements.shownEntriesSql(scope, slice)],
    ['quarantinedEntriesSql', statements.quarantinedEntriesSql(scope, slice)],
    ['entryDetailsSql', statements.entryDetailsSql(scope, ['a', 'b'])],
    ...logEvidence(supportLogs).statements.map((sql, index) => [`evidence ${index}`, sql]),
  ])('%s', (_, sql) => {
    expect(translate(sql)).toMatchObject({ kind: 'sql', returnsRows: true });
  });
});
