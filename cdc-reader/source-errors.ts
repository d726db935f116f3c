import { isCertificateFault } from '../runtime/config/tls.ts';
import { errorText, findPipelineError, PipelineError } from '../runtime/pipeline-error.ts';

/** Login refused, or a privilege is missing (MySQL error reference, 1044 … 1698). */
const REFUSED = new Set([1044, 1045, 1130, 1141, 1142, 1143, 1227, 1370, 1524, 1698]);

/** ER_MASTER_FATAL_ERROR_READING_BINLOG: the dump cannot go on, and only the text says why. */
const DUMP_REFUSED = 1236;

const PURGED =
  /could not find first log file|has purged|could not find GTID state|purged required binary logs/i;
const SAME_SERVER_ID = /same server_(?:uuid|id)/i;

/**
 * The pipeline's error for whatever a connection to the source has thrown. Anything that is not
 * known to need a person counts as a lost connection and is tried again.
 */
export function sourceError(error: unknown, sourceId: string): PipelineError {
  const known = findPipelineError(error);
  if (known) return known;
  const text = errorText(error);
  const options = { cause: error, context: { source: sourceId } };
  if (SAME_SERVER_ID.test(text)) {
    return new PipelineError(
      'CDC_1001',
      `another replica has this reader's server id; set source.serverId to a free one: ${text}`,
      options,
    );
  }
  if (isCertificateFault(error)) return new PipelineError('CDC_1010', text, options);
  const errno = errorNumber(error);
  if (errno === DUMP_REFUSED) {
    return new PipelineError(PURGED.test(text) ? 'CDC_1002' : 'CDC_1006', text, options);
  }
  if (errno !== undefined && REFUSED.has(errno)) {
    return new PipelineError('CDC_1008', text, options);
  }
  return new PipelineError('CDC_1004', text, { ...options, retryable: true });
}

export function errorNumber(error: unknown): number | undefined {
  return error instanceof Error && 'errno' in error && typeof error.errno === 'number'
    ? error.errno
    : undefined;
}
