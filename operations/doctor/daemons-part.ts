import { statfs } from 'node:fs/promises';
import type { Config } from '../../runtime/config/config-schema.ts';
import { bad, good, warning, type Part } from './finding.ts';
import { isThisMachine } from './this-machine.ts';

/** Bytes below which a disk is told. */
const LOW_BYTES = 1024 * 1024 * 1024;

/** The daemons of this machine, where the configuration says at which port each serves its health. */
export function daemonsPart({ health }: Config): Part {
  return {
    name: 'daemons',
    async look(signal) {
      if (!isThisMachine(health.host)) return [];
      return Promise.all(
        Object.entries(health.ports).map(async ([name, port]) => {
          const ask = async (path: string) =>
            fetch(`http://${health.host}:${port}${path}`, { signal }).then(
              (response) => response.status,
              () => undefined,
            );
          const [alive, ready] = [await ask('/healthz'), await ask('/readyz')];
          if (alive === undefined) {
            return warning(`${name} does not run here`, `careplus run ${name}`);
          }
          if (alive !== 200)
            return bad(`${name} makes no progress`, `Read its log; /healthz says ${alive}.`);
          if (ready !== 200)
            return warning(`${name} runs, but is not ready`, 'Read the last warnings of its log.');
          return good(`${name} runs and is ready`);
        }),
      );
    },
  };
}

/** The disk under a folder. */
export function diskPart(folder: string): Part {
  return {
    name: 'disk',
    async look() {
      const { bavail, bsize } = await statfs(folder);
      const free = bavail * bsize;
      const text = `${Math.floor(free / 1024 / 1024)} MiB free under ${folder}`;
      return [free < LOW_BYTES ? warning(text, 'Free space there before it is full.') : good(text)];
    },
  };
}
