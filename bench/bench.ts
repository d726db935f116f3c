/**
 * Runs a bench: `npm run bench -- NAME [arguments]` runs `bench/NAME.ts`. Without a name it lists
 * them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import path from 'node:path';

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== path.basename(import.meta.filename))
  .map((file) => path.basename(file, '.ts'))
  .sort();

const [name, ...rest] = process.argv.slice(2);
if (name === undefined || !names.includes(name)) {
  const problem = name === undefined ? '' : `There is no bench ${name}. `;
  process.stderr.write(`${problem}npm run bench -- NAME, with NAME one of: ${names.join(', ')}\n`);
  process.exitCode = 78;
} else {
  const file = path.join(import.meta.dirname, `${name}.ts`);
  const child = spawn(
    process.execPath,
    // kafkajs arms timers in the past on Node 24; it does no harm.
    ['--disable-warning=TimeoutNegativeWarning', file, ...rest],
    { stdio: 'inherit' },
  );
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
}
