import { Kafka, logLevel, type LogEntry } from 'kafkajs';
import type { KafkaConfig } from '../config/config-schema.ts';
import type { Logger } from '../observability/log.ts';

/** How long a connection may take to be closed before it is left behind. */
export const DISCONNECT_MS = 5_000;

/**
 * The client that all parts of a daemon share. Retries are always given: kafkajs has other
 * defaults under NODE_ENV=test, and its own ones are shorter than the failover of a broker.
 * These ride through about a minute.
 */
export function createKafka(
  config: KafkaConfig,
  options: { readonly clientId: string; readonly log: Logger },
): Kafka {
  return new Kafka({
    clientId: options.clientId,
    brokers: [...config.brokers],
    ssl: config.ssl,
    connectionTimeout: 10_000,
    authenticationTimeout: 10_000,
    requestTimeout: 30_000,
    retry: { retries: 12, initialRetryTime: 100, multiplier: 2, factor: 0.2, maxRetryTime: 10_000 },
    logLevel: clientLogLevel(options.log),
    logCreator: () => (entry) => writeEntry(options.log, entry),
  });
}

function clientLogLevel(log: Logger): logLevel {
  if (log.isLevelEnabled('trace')) return logLevel.DEBUG;
  return log.isLevelEnabled('debug') ? logLevel.INFO : logLevel.ERROR;
}

const LOGGED_FIELDS = ['broker', 'groupId', 'topic', 'partition', 'error', 'retryCount'] as const;

/**
 * Every failure that matters also rejects a promise or raises an event, and is reported there.
 * What the client itself says is a hint about why something takes long: a warning at most.
 */
function writeEntry(log: Logger, { namespace, level, log: entry }: LogEntry): void {
  const fields: Record<string, unknown> = { client: namespace };
  for (const name of LOGGED_FIELDS) {
    const value: unknown = entry[name];
    if (typeof value === 'string' || typeof value === 'number') fields[name] = value;
  }
  switch (level) {
    case logLevel.ERROR:
      // An answer with an error code (it has a correlation id) and each retry of a producer belong
      // to normal work: a commit is answered before its markers are written, for example.
      log['correlationId' in entry || namespace === 'Producer' ? 'debug' : 'warn'](
        fields,
        entry.message,
      );
      break;
    case logLevel.WARN:
    case logLevel.INFO:
      log.debug(fields, entry.message);
      break;
    default:
      log.trace(fields, entry.message);
  }
}
