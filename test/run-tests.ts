/**
 * The one test command: checks first, then the tests by what they need.
 *
 * `--checks-only`: format, lint, types, dead code. `--long`: the checks that take longer than
 * their share of `npm test`.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

const checks: readonly Step[] = [
  { name: 'format', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'types of the deployment', command: ['tsc', '-p', 'infra/aws'] },
  { name: 'lint', command: ['eslint', '--max-warnings', '0', '.'] },
  { name: 'dead code', command: ['knip'] },
];

/** One behind the other; what stands together runs side by side, each on a core of its own. */
const stages = [['unit'], ['integration'], ['e2e', 'model'], ['browser']] as const;

const root = path.dirname(import.meta.dirname);
const scratch = mkdtempSync(path.join(tmpdir(), 'careplus-tests-'));

/** Runs a command to its end and gives its exit code. */
function run(
  command: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv = {},
): Promise<number> {
  const [program, ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(path.join(root, 'node_modules', '.bin', program), args, {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, NO_COLOR: '1', ...env },
    });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

function seconds(since: number): string {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

async function runCheck({ name, command }: Step): Promise<Counts> {
  const start = Date.now();
  console.log(`… ${name}: ${command.join(' ')}`);
  const ok = (await run(command)) === 0;
  console.log(`${ok ? '✔' : '✘'} ${name} (${seconds(start)})`);
  return ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function runProject(project: string, env: NodeJS.ProcessEnv): Promise<Counts> {
  const start = Date.now();
  const counts = path.join(scratch, `${project}.json`);
  console.log(`… ${project} tests`);
  const code = await run(
    [
      'vitest',
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=./test/count-reporter.ts',
    ],
    { ...env, CAREPLUS_TEST_COUNTS: counts },
  );
  const { passed, failed } = JSON.parse(readFileSync(counts, 'utf8')) as Counts;
  console.log(`${code === 0 ? '✔' : '✘'} ${project} tests (${seconds(start)})`);
  // A run that failed without a failed test (a crash, no test found) still fails.
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed };
}

const long = process.argv.includes('--long');
const counts: Counts[] = [];
try {
  // Side by side: each of them uses one core.
  if (!long) counts.push(...(await Promise.all(checks.map(runCheck))));
  if (!process.argv.includes('--checks-only')) {
    const env = long ? { CAREPLUS_LONG: '1' } : {};
    for (const projects of stages) {
      counts.push(...(await Promise.all(projects.map((project) => runProject(project, env)))));
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const passed = counts.reduce((sum, each) => sum + each.passed, 0);
const failed = counts.reduce((sum, each) => sum + each.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
