import type { TokenCursor } from './token-cursor.ts';
import type { CopyTranslation } from './translation.ts';

/** Allowed in Amazon Redshift for columnar files, but not played here. */
const missingOptions = new Set(['acceptinvchars', 'explicit_ids', 'serializetojson']);

/**
 * Reads COPY … FORMAT AS PARQUET. Every option that COPY from columnar data does not take is
 * refused (copy-usage_notes-copy-from-columnar), REGION among them.
 */
export function copyStatement(cursor: TokenCursor): CopyTranslation {
  cursor.statement = 'COPY';
  cursor.expectWord('copy');
  const table = cursor.qualifiedName('a table name');
  let columns: string[] | undefined;
  if (cursor.isOperator('(')) {
    const names: string[] = [];
    cursor.list(() => names.push(cursor.name('a column name')));
    columns = names;
  }
  cursor.expectWord('from');
  const url = cursor.expectString('the source');
  const source = /^s3:\/\/([^/]+)\/(.+)$/.exec(url);
  if (!source) cursor.refuse('the source is not s3://bucket/key', 'local-endpoint', -1);

  let authorized = false;
  let parquet = false;
  let manifest = false;
  let fillRecord = false;
  let statistics: CopyTranslation['statistics'] = 'of an empty table';
  while (cursor.peek().kind === 'word') {
    if (cursor.takeWord('iam_role')) {
      authorized = true;
      if (!cursor.takeWord('default')) role(cursor);
    } else if (cursor.takeWord('format')) {
      cursor.takeWord('as');
      parquet = cursor.takeWord('parquet');
      if (!parquet) cursor.refuse('COPY from another format than Parquet', 'local-endpoint');
    } else if (cursor.takeWord('manifest')) manifest = true;
    else if (cursor.takeWord('fillrecord')) fillRecord = true;
    else if (cursor.takeWord('statupdate')) {
      if (cursor.takeWord('off')) statistics = 'never';
      else {
        cursor.takeWord('on');
        statistics = 'always';
      }
    } else if (missingOptions.has(cursor.peek().value)) {
      cursor.refuse('option of COPY', 'local-endpoint');
    } else {
      cursor.refuse('option of COPY from Parquet (copy-usage_notes-copy-from-columnar)');
    }
  }
  cursor.expectEnd();
  if (!authorized) cursor.refuse('COPY needs IAM_ROLE (copy-parameters-authorization)');
  if (!parquet) cursor.refuse('COPY without FORMAT AS PARQUET', 'local-endpoint');
  return {
    kind: 'copy',
    statement: 'COPY',
    table,
    columns,
    bucket: source[1] ?? '',
    key: source[2] ?? '',
    manifest,
    fillRecord,
    statistics,
    parameters: [],
    transactional: true,
  };
}

function role(cursor: TokenCursor): void {
  const arn = cursor.expectString('the role');
  if (!/^arn:aws[a-z-]*:iam::\d{12}:role\/.+/.test(arn)) {
    cursor.refuse(
      'the role is no ARN of an IAM role (copy-parameters-authorization)',
      undefined,
      -1,
    );
  }
}
