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

export async function openPage(url: string): Promise<PageViewer> {
  const stop = new AbortController();
  const response = await fetch(new URL('/api/events', url), { signal: stop.signal });
  if (!response.ok || response.body === null) throw new Error(`the page says ${response.status}`);
  let latest: PageState | undefined;
  const waiting = new Set<() => void>();

  const read = async (body: ReadableStream<Uint8Array>) => {
    let text = '';
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (!/^event: tickets$/m.test(block) || data === undefined) continue;
        latest = pageSchema.parse(JSON.parse(data));
        for (const wake of waiting) wake();
      }
    }
  };
  const reading = read(response.body as ReadableStream<Uint8Array>).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });

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
        reading.catch(reject);
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
