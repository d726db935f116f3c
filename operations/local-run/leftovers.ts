import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { endLeftover } from '../../infra/local/child-process.ts';

/**
 * Ends what a start that was killed left running: every process that has a pid file in the state
 * folder and is still that very process.
 *
 * @returns the names of what was ended.
 */
export async function endLeftovers(stateDir: string): Promise<string[]> {
  const runDir = path.join(stateDir, 'run');
  if (!existsSync(runDir)) return [];
  const names = readdirSync(runDir)
    .filter((file) => file.endsWith('.pid'))
    .map((file) => file.slice(0, -'.pid'.length));
  const ended = await Promise.all(
    names.map(async (name) => ((await endLeftover({ runDir, name })) ? name : undefined)),
  );
  return ended.filter((name) => name !== undefined);
}
