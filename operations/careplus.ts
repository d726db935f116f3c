#!/usr/bin/env node
import { exitCodes } from './cli/faults.ts';
import { runCommandLine } from './command-line.ts';

/** Older ones lack parts of the language that every command takes for granted. */
const NODE_MAJOR = 24;

/** How long the process may linger once the command has ended. */
const LINGER_MS = 1_000;

if (Number.parseInt(process.versions.node, 10) < NODE_MAJOR) {
  process.stderr.write(
    `careplus needs Node ${NODE_MAJOR} or newer; ${process.execPath} is ${process.versions.node}\n`,
  );
  process.exit(exitCodes.unusable);
}
// A reader that has seen enough (`careplus query … | head`) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCodes.good);
});
// kafkajs sets timers below zero, which Node takes for 1 ms and warns of. That is no news to anyone.
process.removeAllListeners('warning');
process.on('warning', (warning) => {
  if (warning.name !== 'TimeoutNegativeWarning') process.stderr.write(`${String(warning)}\n`);
});
process.exitCode = await runCommandLine(process.argv.slice(2), process);
// A connection attempt that cannot be cancelled must not hold the process: its result is out.
setTimeout(() => process.exit(), LINGER_MS).unref();
