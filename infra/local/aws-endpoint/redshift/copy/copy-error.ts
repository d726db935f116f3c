/** COPY failed. The message is what Amazon Redshift would say, without `ERROR: `. */
export class CopyError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'CopyError';
  }
}

/**
 * An error of the layer that reads columnar files, with its code: 15003 manifest entry, 15007
 * schema, 15001 value.
 */
export function scanError(code: number, context: string): CopyError {
  const line = '-----------------------------------------------';
  return new CopyError(
    'Spectrum Scan Error\n  Detail: \n' +
      `  ${line}\n  error:  Spectrum Scan Error\n  code:      ${code}\n  context:   ${context}\n  ${line}`,
  );
}
