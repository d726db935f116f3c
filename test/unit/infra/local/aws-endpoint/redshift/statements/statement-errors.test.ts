import { describe, expect, it } from 'vitest';
import {
  errorText,
  isAnswer,
} from '../../../../../../../infra/local/aws-endpoint/redshift/statements/statement-errors.ts';

const databaseError = (message: string, fields: object) =>
  Object.assign(new Error(message), fields);

describe('errorText', () => {
  it('gives PostgreSQL’s text with the prefix that Redshift has', () => {
    expect(errorText(databaseError('division by zero', { code: '22012' }))).toBe(
      'ERROR: division by zero',
    );
    expect(errorText(databaseError('a', { code: '23502', detail: 'b' }))).toBe(
      'ERROR: a\n  Detail: b',
    );
  });

  it('tells a violated byte check as a text that is too long', () => {
    const violation = { code: '23514', constraint: 'fits_64_bytes_status' };
    expect(errorText(databaseError('new row violates check', violation))).toBe(
      'ERROR: value too long for type character varying(64)',
    );
  });
});

describe('isAnswer', () => {
  it.each([
    ['an error of the statement', '22012', true],
    ['a broken connection', '08006', false],
    ['a server that shuts down', '57P01', false],
    ['a cancelled statement', '57014', true],
    ['a socket', 'ECONNRESET', false],
  ])('%s', (_, code, answer) => {
    expect(isAnswer(databaseError('x', { code }))).toBe(answer);
  });
});
