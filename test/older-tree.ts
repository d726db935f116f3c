import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');

/** Names the commit by its subject, which outlives a history that is written anew. */
const oldest = JSON.parse(
  readFileSync(path.join(import.meta.dirname, 'oldest-state.json'), 'utf8'),
) as { readonly subject: string };

function git(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** Whether this tree has the history that it was made with: no archive, no shallow clone, not squashed. */
export function hasHistory(): boolean {
  // An archive may have been unpacked inside of somebody else's repository.
  if (git('rev-parse', '--show-prefix') !== '') return false;
  const isWhole = git('rev-parse', '--is-shallow-repository') === 'false';
  return isWhole && Number(git('rev-list', '--count', 'HEAD') ?? 0) > 100;
}

/** The oldest commit whose state must go on under this tree (oldest-state.json). */
export function oldestCommit(): string | undefined {
  if (!hasHistory()) return undefined;
  const found = git('log', '--format=%H %s', '--fixed-strings', `--grep=${oldest.subject}`);
  const line = found?.split('\n').find((each) => each.slice(41) === oldest.subject);
  return line?.slice(0, 40);
}

/** A file as it stood in a commit. */
export function fileOf(commit: string, file: string): string | undefined {
  return git('show', `${commit}:${file}`);
}

/** Names of a folder's files in a commit. */
export function filesOf(commit: string, folder: string): string[] {
  return git('ls-tree', '--name-only', `${commit}:${folder}`)?.split('\n') ?? [];
}

/** A commit's tree in a folder of its own, with the packages that are installed here. */
export function checkOut(commit: string): { readonly root: string } & Disposable {
  const folder = mkdtempSync(path.join(tmpdir(), 'careplus-older-'));
  const command = `git archive ${commit} | tar -x -C '${folder}'`;
  const { status, stderr } = spawnSync('sh', ['-c', command], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  return {
    root: folder,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
