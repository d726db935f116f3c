import type { Progress } from '../runtime/daemon/progress.ts';

/**
 * What several streams tell together: the daemon moves only while each of them does, and is ready
 * when all are.
 */
export class StreamsProgress {
  readonly #progress: Progress;
  readonly #waiting = new Set<number>();
  readonly #ready = new Set<number>();
  readonly #count: number;

  constructor(progress: Progress, count: number) {
    this.#progress = progress;
    this.#count = count;
    this.#awaitAll();
  }

  /** One beat of the daemon for every round in which all streams have beaten. */
  beat(stream: number): void {
    this.#waiting.delete(stream);
    if (this.#waiting.size > 0) return;
    this.#progress.beat();
    this.#awaitAll();
  }

  setReady(stream: number, ready: boolean): void {
    if (ready) this.#ready.add(stream);
    else this.#ready.delete(stream);
    this.#progress.setReady(this.#ready.size === this.#count);
  }

  #awaitAll(): void {
    for (let stream = 0; stream < this.#count; stream += 1) this.#waiting.add(stream);
  }
}
