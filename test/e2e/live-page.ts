import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

const figure = z.object({ value: z.number().nullable() });

/** What the page shows, as far as the tests look at it. */
const pageSchema = z.object({
  state: z.string(),
  completeUpToMs: z.number().nullable(),
  measures: z.record(z.string(), figure),
  breakdowns: z.record(z.string(), z.array(figure.extend({ label: z.string().nullable() }))),
  quarantine: z.array(z.object({ reasons: z.string(), count: z.number() })),
  books: z.record(z.string(), z.number()).nullable(),
  recent: z.array(z.object({ ticket_id: z.string().nullable(), status: z.string().nullable() })),
});
export type PageState = z.infer<typeof pageSchema>;

/** A viewer: follows the page's server-sent events without ever reloading. */
export interface PageViewer {
  /** Resolves with the first state that the page has shown, from now on, for which this holds. */
  until(what: string, holds: (page: PageState) => boolean, timeoutMs?: number): Promise<PageState>;
  close(): void;
}

/** Between two connections, as the page's EventSource waits too. */
const RETRY_MS = 500;

export function openPage(url: string): PageViewer {
  const stop = new AbortController();
  let latest: PageState | undefined;
  const waiting = new Set<() => void>();

  const show = (block: string) => {
    const data = /^data: (.*)$/m.exec(block)?.[1];
    if (!/^event: tickets$/m.test(block) || data === undefined) return;
    latest = pageSchema.parse(JSON.parse(data));
    for (const wake of waiting) wake();
  };
  const read = async () => {
    const response = await fetch(new URL('/api/events', url), { signal: stop.signal });
    let text = '';
    for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(
      new TextDecoderStream(),
    )) {
      text += chunk;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) show(block);
    }
  };
  const follow = async () => {
    while (!stop.signal.aborted) {
      // A server that was killed comes back: the browser connects again, and so do we.
      await read().catch((error: unknown) => {
        if (!(error instanceof TypeError) && !stop.signal.aborted) throw error;
      });
      await delay(RETRY_MS);
    }
  };
  const following = follow();

  return {
    until: (what, holds, timeoutMs = 15_000) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`the page did not show ${what}; it shows ${JSON.stringify(latest)}`));
        }, timeoutMs);
        const look = () => {
          if (latest === undefined || !holds(latest)) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(latest);
        };
        waiting.add(look);
        look();
        following.catch(reject);
      }),
    close: () => stop.abort(),
  };
}

/** Value of a measure. */
export function measure(page: PageState, name: string): number | null | undefined {
  return page.measures[name]?.value;
}

/** A breakdown as label → value. */
export function breakdown(page: PageState, name: string): Record<string, number | null> {
  return Object.fromEntries(
    (page.breakdowns[name] ?? []).map(({ label, value }) => [label ?? '', value]),
  );
}
