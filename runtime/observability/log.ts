import { destination, pino, stdTimeFunctions, type Logger } from 'pino';

export type { Logger } from 'pino';

/**
 * A daemon's logger: JSON lines on stdout, ISO times, level names. Log chosen fields, never a
 * whole configuration or connection object.
 */
export function createLog(
  daemon: string,
  level = process.env['CAREPLUS_LOG_LEVEL'] ?? 'info',
): Logger {
  return pino(
    {
      level,
      base: { daemon },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: ['password', '*.password'], censor: '[redacted]' },
    },
    // Synchronous: a line about why the process ends must not be lost with it.
    destination({ dest: 1, sync: true }),
  );
}
