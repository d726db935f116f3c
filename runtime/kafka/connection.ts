import { Kafka, logLevel, type KafkaConfig as ClientConfig, type LogEntry } from 'kafkajs';
import type { KafkaConfig } from '../config/config-schema.ts';
import { tlsOptions } from '../config/tls.ts';
import type { Logger } from '../observability/log.ts';
import { registerCodecs } from './compression/codecs.ts';
import { findMskBrokers, mskToken } from './msk.ts';

/** How long a connection may take to be closed before it is left behind. */
export const DISCONNECT_MS = 5_000;

/** The same hint of the client is told once in this time; an outage repeats it many times a second. */
const REPEAT_MS = 10_000;
const MAX_REMEMBERED = 100;

/**
 * The client that all parts of a daemon share. Retries are always given: kafkajs has other
 * defaults under NODE_ENV=test, and its own ones are shorter than the failover of a broker.
 * These ride through about a minute, and a broker that is back is found within 3 s.
 */
export function createKafka(
  config: KafkaConfig,
  options: { readonly clientId: string; readonly log: Logger },
): Kafka {
  registerCodecs();
  return new Kafka({
    clientId: options.clientId,
    ...reach(config),
    connectionTimeout: 10_000,
    authenticationTimeout: 10_000,
    requestTimeout: 30_000,
    retry: { retries: 25, initialRetryTime: 100, multiplier: 2, factor: 0.2, maxRetryTime: 3_000 },
    logLevel: clientLogLevel(options.log),
    logCreator: () => createEntryWriter(options.log),
  });
}

/** Where the brokers are and how they are logged in to. */
function reach({ brokers, clusterArn, region, ssl }: KafkaConfig) {
  if (clusterArn !== undefined) {
    const cluster = { clusterArn, region };
    return {
      brokers: () => findMskBrokers(cluster),
      ssl: true,
      sasl: { mechanism: 'oauthbearer', oauthBearerProvider: () => mskToken(cluster) },
    } satisfies Partial<ClientConfig>;
  }
  const options = tlsOptions('kafka.ssl', ssl);
  return {
    brokers: [...(brokers ?? [])],
    // kafkajs gives the host's name to Node, which then checks it.
    ssl: options ? { ...options } : false,
  } satisfies Partial<ClientConfig>;
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
function createEntryWriter(log: Logger): (entry: LogEntry) => void {
  const warnedAt = new Map<string, number>();

  const isNew = (message: string): boolean => {
    const now = Date.now();
    if (now - (warnedAt.get(message) ?? 0) < REPEAT_MS) return false;
    if (warnedAt.size >= MAX_REMEMBERED) warnedAt.clear();
    warnedAt.set(message, now);
    return true;
  };

  return ({ namespace, level, log: entry }) => {
    const fields: Record<string, unknown> = { client: namespace };
    for (const name of LOGGED_FIELDS) {
      const value: unknown = entry[name];
      if (typeof value === 'string' || typeof value === 'number') fields[name] = value;
    }
    // An answer with an error code (it has a correlation id) and the retry of a producer belong to
    // normal work: a commit is answered before its markers are written, for example.
    const expected = 'correlationId' in entry || namespace === 'Producer';
    if (level === logLevel.ERROR && !expected && isNew(entry.message)) {
      log.warn(fields, entry.message);
    } else if (level === logLevel.DEBUG) {
      log.trace(fields, entry.message);
    } else {
      log.debug(fields, entry.message);
    }
  };
}
