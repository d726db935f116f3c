import { randomUUID } from 'node:crypto';
import {
  startLoaderProcess,
  type LoaderProcess,
  type LoaderProcessOptions,
} from './loader-process.ts';

/** How often what happened. */
export interface Tally {
  readonly transactions: number;
  readonly takeOvers: number;
  readonly kills: number;
  /** Loaders that found another one in their place. */
  readonly fenced: number;
}

export const emptyTally: Tally = { transactions: 0, takeOvers: 0, kills: 0, fenced: 0 };

export function sumOf(a: Tally, b: Tally): Tally {
  return {
    transactions: a.transactions + b.transactions,
    takeOvers: a.takeOvers + b.takeOvers,
    kills: a.kills + b.kills,
    fenced: a.fenced + b.fenced,
  };
}

/** The loaders of one play: one is enough, several race. */
export interface Fleet {
  readonly tally: Tally;
  /** By batch, the client tokens under which it was sent. */
  readonly sent: ReadonlyMap<string, ReadonlySet<string>>;
  /** How many live. */
  readonly size: number;
  /** The loader that was started last, if it lives. */
  readonly newest: LoaderProcess | undefined;
  /** Starts a loader with a token of its own: it takes over from those that run. */
  start(): LoaderProcess;
  /** Starts a second one with the token of the newest that nobody has taken over from. */
  startTwin(): Promise<LoaderProcess>;
  /** Ends all of them as SIGTERM does. */
  stop(): Promise<void>;
}

export interface FleetOptions extends Omit<
  LoaderProcessOptions,
  'token' | 'suffix' | 'onSend' | 'onTakeOver' | 'onTransaction' | 'onStaleWrite'
> {
  readonly observe: () => Promise<void>;
  /** Something ended or took over. */
  readonly onEvent: (what: string) => void;
  readonly onFault: (fault: unknown) => void;
}

export function createFleet(options: FleetOptions): Fleet {
  const { observe, onEvent, onFault, ...parts } = options;
  const tally = { ...emptyTally };
  const sent = new Map<string, Set<string>>();
  const owners = new Set<LoaderProcess>();
  let all: LoaderProcess[] = [];
  let started = 0;

  function launch(token: string): LoaderProcess {
    started += 1;
    const name = `loader ${started}`;
    const before = [...owners].filter((owner) => owner.token !== token);
    const loader = startLoaderProcess({
      ...parts,
      token,
      suffix: `-${started}`,
      onSend(batchId, clientToken) {
        sent.set(batchId, (sent.get(batchId) ?? new Set()).add(clientToken));
      },
      onTakeOver() {
        tally.takeOvers += 1;
        owners.add(loader);
        for (const owner of before) owner.supersede();
        onEvent(`${name} took over`);
      },
      async onTransaction() {
        tally.transactions += 1;
        await observe();
      },
      onStaleWrite: () => onFault(new Error(`${name} has written after another took over`)),
      onFault,
    });
    all.push(loader);
    loader.ended.then((end) => {
      if (end === 'killed') tally.kills += 1;
      if (end === 'fenced') tally.fenced += 1;
      owners.delete(loader);
      all = all.filter((each) => each !== loader);
      onEvent(`${name} ${end}`);
    }, onFault);
    return loader;
  }

  return {
    ...{ tally, sent },
    get size() {
      return all.length;
    },
    get newest() {
      return all.findLast(({ isAlive }) => isAlive);
    },
    start: () => launch(randomUUID()),
    async startTwin() {
      // A take-over on its way would make it uncertain whose the token is.
      await Promise.all(all.map(({ started: settled }) => settled));
      const twin = all.findLast(({ isAlive, isSuperseded }) => isAlive && !isSuperseded);
      return launch(twin?.token ?? randomUUID());
    },
    async stop() {
      for (const loader of all) loader.stop();
      await Promise.allSettled(all.map(({ ended }) => ended));
    },
  };
}
