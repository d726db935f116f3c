import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const problemSchema = z.looseObject({
  level: z.enum(['error', 'fatal']),
  daemon: z.string(),
  msg: z.string(),
  code: z.string().optional(),
  remedy: z.string().optional(),
});

/** Bytes of a log's end that are looked through. */
const TAIL_BYTES = 200_000;

/** The latest error of every daemon, as lines for a person: what stands still and what cures it. */
export function lastProblems(stateDir: string): string[] {
  const folder = path.join(stateDir, 'logs');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.log'))
    .flatMap((file) => {
      const text = readFileSync(path.join(folder, file), 'utf8').slice(-TAIL_BYTES);
      const problem = text
        .split('\n')
        .map(parseProblem)
        .findLast((each) => each !== undefined);
      if (problem === undefined) return [];
      const { daemon, code = 'error', msg, remedy } = problem;
      return [
        `${daemon}: ${code}: ${msg}${remedy === undefined ? '' : `\n  what to do: ${remedy}`}`,
      ];
    });
}

function parseProblem(line: string): z.infer<typeof problemSchema> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return problemSchema.safeParse(JSON.parse(line)).data;
  } catch {
    // Cut short by a kill, or a foreign server's own text.
    return undefined;
  }
}
