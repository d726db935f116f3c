import { abortableSleep } from '../../runtime/abortable-wait.ts';
import type { LiveEvents } from './live-events.ts';
import type { TicketFeed } from './ticket-feed.ts';

/** How long the loop waits for a viewer before it says again that it lives. */
const IDLE_BEAT_MS = 10_000;

/**
 * Keeps all viewers up to date, and does nothing while there are none: looks for a new batch every
 * `pollMs` and publishes the document once per change, `freshness` when only the time has moved.
 *
 * @param onTurn called on every turn of the loop.
 * @throws the signal's reason, when it aborts.
 */
export async function runLiveUpdates(options: {
  readonly feed: TicketFeed;
  readonly events: LiveEvents;
  readonly pollMs: number;
  readonly signal: AbortSignal;
  readonly onTurn: () => void;
}): Promise<never> {
  const { feed, events, pollMs, signal, onTurn } = options;
  let toldVersion = feed.version;
  let toldCompleteUpToMs = feed.current().completeUpToMs;
  for (;;) {
    signal.throwIfAborted();
    onTurn();
    if (events.viewers === 0) await events.nextViewer({ atMostMs: IDLE_BEAT_MS, signal });
    if (events.viewers === 0) continue;
    await feed.refresh();
    const document = feed.current();
    if (feed.version !== toldVersion) {
      events.publish('tickets', document);
    } else if (document.completeUpToMs !== toldCompleteUpToMs) {
      const { nowMs, completeUpToMs } = document;
      events.publish('freshness', { nowMs, completeUpToMs });
    }
    toldVersion = feed.version;
    toldCompleteUpToMs = document.completeUpToMs;
    await abortableSleep(pollMs, signal);
  }
}
