import { abortableSleep } from '../../../runtime/abortable-wait.ts';
import type { LiveEvents } from './live-events.ts';
import type { LiveFeed } from './snapshot-feed.ts';

/** How long the loop waits for a viewer before it says again that it lives. */
const IDLE_BEAT_MS = 10_000;

/**
 * Keeps all viewers of a page up to date, and does nothing while there are none: looks for news
 * every `pollMs` and publishes the document once per change, or `freshness` with the feed's pulse
 * when nothing but that has moved.
 *
 * @param name the event that carries the document.
 * @param onTurn called on every turn of the loop.
 * @throws the signal's reason, when it aborts.
 */
export async function runLiveUpdates(options: {
  readonly name: string;
  readonly feed: LiveFeed;
  readonly events: LiveEvents;
  readonly pollMs: number;
  readonly signal: AbortSignal;
  readonly onTurn: () => void;
}): Promise<never> {
  const { name, feed, events, pollMs, signal, onTurn } = options;
  let toldVersion = feed.version;
  let toldPulse = JSON.stringify(feed.pulse());
  for (;;) {
    signal.throwIfAborted();
    onTurn();
    if (events.viewers === 0) await events.nextViewer({ atMostMs: IDLE_BEAT_MS, signal });
    if (events.viewers === 0) continue;
    await feed.refresh();
    const document = feed.current();
    const pulse = feed.pulse();
    const pulseText = JSON.stringify(pulse);
    if (feed.version !== toldVersion) {
      events.publish(name, document);
    } else if (pulseText !== toldPulse) {
      events.publish('freshness', { nowMs: document.nowMs, ...pulse });
    }
    toldVersion = feed.version;
    toldPulse = pulseText;
    await abortableSleep(pollMs, signal);
  }
}
