/** A moment at which a process is killed: at one of its calls to AWS. */
export interface KillPoint {
  /** Which call from now on; looking for objects is no call, for its number depends on the clock. */
  readonly call: number;
  /** The call is not sent, is on its way, or has been answered and nobody reads the answer. */
  readonly moment: 'before' | 'during' | 'after';
}

/** How long a call of the moment `during` is on its way, at most. */
const DURING_MS = 40;

/** A process's life as its AWS clients see it. */
export interface Life {
  readonly signal: AbortSignal;
  kill(): void;
  killAt(point: KillPoint, random: () => number): void;
  /** Runs one call of the process; a dead one makes no calls and reads no answers. */
  call<T>(operation: string, send: () => Promise<T>): Promise<T>;
}

export function createLife(): Life {
  const end = new AbortController();
  const kill = () => end.abort(new Error('killed'));
  let next: { readonly at: KillPoint; readonly afterMs: number } | undefined;
  let calls = 0;

  return {
    signal: end.signal,
    kill,
    killAt(point, random) {
      next = { at: { ...point, call: calls + point.call }, afterMs: random() * DURING_MS };
    },
    async call(operation, send) {
      end.signal.throwIfAborted();
      if (operation !== 'ListObjectsV2Command') calls += 1;
      const due = next !== undefined && next.at.call <= calls ? next : undefined;
      if (due?.at.moment === 'before') kill();
      end.signal.throwIfAborted();
      if (due?.at.moment === 'during') setTimeout(kill, due.afterMs);
      const answer = await send();
      if (due) kill();
      end.signal.throwIfAborted();
      return answer;
    },
  };
}
