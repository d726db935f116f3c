import { watch, type FSWatcher } from 'node:fs';
import type { Logger } from '../runtime/observability/log.ts';
import { errorText } from '../runtime/pipeline-error.ts';

/**
 * Tells when something changes in some folders. It only hastens the next look: where it cannot
 * watch, or misses a change, regular sweeps find it.
 */
export class FolderWatch implements Disposable {
  readonly #log: Logger;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #failed = new Set<string>();
  #wake: () => void = () => undefined;
  #changed = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Watches these folders from now on, and no others. */
  follow(folders: readonly string[]): void {
    for (const [folder, watcher] of this.#watchers) {
      if (folders.includes(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of folders) {
      if (!this.#watchers.has(folder) && !this.#failed.has(folder)) this.#add(folder);
    }
  }

  /** Resolves when something has changed since the last call, at the latest after `ms` milliseconds. */
  async changed(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#changed && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const wake = () => resolve(undefined);
      const timer = setTimeout(wake, ms);
      this.#wake = wake;
      signal.addEventListener('abort', wake, { once: true });
      await promise;
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
    }
    this.#changed = false;
  }

  [Symbol.dispose](): void {
    this.follow([]);
  }

  #add(folder: string): void {
    const fail = (error: unknown) => {
      this.#watchers.get(folder)?.close();
      this.#watchers.delete(folder);
      this.#failed.add(folder);
      this.#log.info({ folder }, `the folder is not watched, only swept: ${errorText(error)}`);
    };
    try {
      const watcher = watch(folder, { persistent: false }, () => {
        this.#changed = true;
        this.#wake();
      });
      watcher.on('error', fail);
      this.#watchers.set(folder, watcher);
    } catch (error) {
      fail(error);
    }
  }
}
