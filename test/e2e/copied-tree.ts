import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

/** A code block of CONTRIBUTING.md that says what to do with it. */
interface Step {
  readonly action: string;
  readonly file: string;
  readonly text: string;
}

/** The steps under a heading of CONTRIBUTING.md. */
function stepsOf(heading: string): Step[] {
  const markdown = readFileSync(path.join(root, 'CONTRIBUTING.md'), 'utf8');
  const section = markdown.split(/^## /m).find((each) => each.startsWith(heading)) ?? '';
  return [...section.matchAll(/^```\w+ (file|append|run)(?:=(\S+))?\n([\s\S]*?)^```$/gm)].map(
    ([, action = '', file = '', text = '']) => ({ action, file, text }),
  );
}

/** The files of this tree as git knows them, elsewhere, with the same installed packages. */
export class CopiedTree implements Disposable {
  readonly root = mkdtempSync(path.join(tmpdir(), 'careplus-copy-'));

  constructor() {
    const listed = runIn(root, 'git', 'ls-files', '-z');
    for (const file of listed.split('\0').filter((name) => existsSync(path.join(root, name)))) {
      if (file !== '') cpSync(path.join(root, file), this.path(file));
    }
    symlinkSync(path.join(root, 'node_modules'), this.path('node_modules'));
    this.run('git', 'init', '--quiet');
    this.run('git', 'add', '--all');
  }

  path(file: string): string {
    return path.join(this.root, file);
  }

  /** Runs a program to its good end. @returns what it printed. */
  run(program: string, ...args: string[]): string {
    return runIn(this.root, program, ...args);
  }

  /**
   * Takes the steps under a heading of CONTRIBUTING.md.
   *
   * @returns the files that were changed or made, with the lines added to those that there were.
   */
  follow(heading: string): { readonly made: string[]; readonly changed: string[] } {
    const before = new Set(this.#status());
    for (const { action, file, text } of stepsOf(heading)) {
      const target = this.path(file);
      if (action === 'run') this.run('sh', '-e', '-c', text);
      else if (action === 'append') appendFileSync(target, text);
      else {
        mkdirSync(path.dirname(target), { recursive: true });
        writeFileSync(target, text);
      }
    }
    const touched = this.#status().filter((line) => !before.has(line));
    const of = (mark: string) =>
      touched.filter((line) => line.startsWith(mark)).map((line) => line.slice(3));
    const changed = of('AM').map((file) => {
      const [added, removed] = this.run('git', 'diff', '--numstat', file).split('\t');
      return `${file} +${added ?? ''} -${removed ?? ''}`;
    });
    this.run('git', 'add', '--all');
    return { made: of('??'), changed };
  }

  #status(): string[] {
    return this.run('git', 'status', '--porcelain', '--untracked-files=all')
      .split('\n')
      .filter((line) => line !== '');
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

function runIn(cwd: string, program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  expect(status, `${program} ${args.join(' ')}\n${stdout}\n${stderr}`).toBe(0);
  return stdout;
}
