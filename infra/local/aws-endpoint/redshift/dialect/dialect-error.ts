/**
 * Who says no: Amazon Redshift itself, or only this local endpoint, whose allow-list is smaller
 * than what Redshift runs.
 */
export type Ruling = 'amazon-redshift' | 'local-endpoint';

const rulings: Readonly<Record<Ruling, string>> = {
  'amazon-redshift': 'not valid in Amazon Redshift',
  'local-endpoint': 'not on the allow-list of the local endpoint',
};

export interface Refusal {
  readonly reason: string;
  readonly ruling: Ruling;
  /** Kind of statement, such as `INSERT`. */
  readonly statement: string;
  /** The token at which reading stopped, as written; '' at the end of the statement. */
  readonly token: string;
}

/** A statement that the dialect refuses. The message names the kind of statement and the token. */
export class DialectError extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    const { reason, ruling, statement, token } = refusal;
    const place = token === '' ? 'at end of input' : `at or near "${token}"`;
    super(`syntax error ${place} in ${statement}: ${reason} [${rulings[ruling]}]`);
    this.name = 'DialectError';
    this.refusal = refusal;
  }
}
