import { protocolErrorType } from './protocol-errors.ts';

/** How often the timer asks; kafkajs itself sends no more than one heartbeat per interval. */
const TICK_MS = 1_000;

export interface BatchHeartbeat {
  /** Aborts when the member may no longer commit: what the handler does is for nothing then. */
  readonly signal: AbortSignal;
  stop(): void;
}

export interface BatchHeartbeatOptions {
  readonly heartbeat: () => Promise<void>;
  /** Without a heartbeat for so long the coordinator gives the partitions to others. */
  readonly sessionTimeoutMs: number;
  /** While a rebalance waits for this member it may still finish and commit what it has in hand. */
  readonly rebalanceGraceMs: number;
}

/**
 * Keeps a member in its group while a handler works. kafkajs sends heartbeats only between
 * batches or when asked.
 */
export function startBatchHeartbeat(options: BatchHeartbeatOptions): BatchHeartbeat {
  const lost = new AbortController();
  let succeededAt = performance.now();
  let rebalance: { readonly error: unknown; readonly graceEndsAt: number } | undefined;
  let asking = false;

  const timer = setInterval(() => {
    if (rebalance) {
      if (performance.now() > rebalance.graceEndsAt) lost.abort(rebalance.error);
      return;
    }
    if (asking) return;
    asking = true;
    options
      .heartbeat()
      .then(() => {
        succeededAt = performance.now();
      })
      .catch((error: unknown) => {
        switch (protocolErrorType(error)) {
          case 'REBALANCE_IN_PROGRESS':
          case 'NOT_COORDINATOR_FOR_GROUP':
            rebalance = { error, graceEndsAt: performance.now() + options.rebalanceGraceMs };
            break;
          case 'UNKNOWN_MEMBER_ID':
          case 'ILLEGAL_GENERATION':
          case 'FENCED_INSTANCE_ID':
            lost.abort(error);
            break;
          default:
            if (performance.now() - succeededAt > options.sessionTimeoutMs) lost.abort(error);
        }
      })
      .finally(() => {
        asking = false;
      });
  }, TICK_MS);

  return { signal: lost.signal, stop: () => clearInterval(timer) };
}
