import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { LogFileSet } from '../runtime/config/log-files.ts';
import type { LogDataset } from '../schemas/datasets/log-dataset.ts';
import type { FileFacts } from './file-generation.ts';
import { mayFollow, untrustedLink } from './link-trust.ts';

/** A file that is to be shipped. */
export interface FoundFile extends FileFacts {
  readonly path: string;
  readonly format: LogDataset;
  /** When it was last changed: its bytes, its name or its rights. */
  readonly changedNs: bigint;
}

interface DiscoveryProblem {
  readonly path: string;
  readonly error: NodeJS.ErrnoException;
}

export interface Discovery {
  /** Each file once, in order of paths. */
  readonly files: readonly FoundFile[];
  /** Folders that were looked into, and exist. */
  readonly folders: readonly string[];
  /** Compressed files: they match, but their text cannot be tailed. */
  readonly compressed: readonly string[];
  /** What could not be looked at; it hides nothing else. */
  readonly problems: readonly DiscoveryProblem[];
}

const COMPRESSED = /\.(gz|bz2|xz|zst|Z)$/;

/**
 * Finds the files of some sets of patterns. `*` and `?` stand for characters of one name, in any
 * part of a path; a dot at its beginning must be written, as in a shell: `*.log*` is no editor's
 * `.a.log.swp`. Symbolic links are followed as far as their owners
 * can be trusted; a file is found once: for the first set that names
 * it, and there by the name that is no link, else by the first.
 *
 * It reads names and attributes only, which takes some microseconds a file, and is synchronous: a
 * sweep sees the folders as they were at one moment, as nearly as that can be.
 */
export function discoverFiles(sets: readonly LogFileSet[]): Discovery {
  const files = new Map<string, FoundFile & { readonly link: boolean }>();
  const folders = new Set<string>();
  const compressed: string[] = [];
  const problems: DiscoveryProblem[] = [];

  /** @returns what the call returns; undefined, and a problem unless it just vanished, if it fails. */
  function attempt<T>(at: string, call: () => T, missing: 'problem' | 'fine'): T | undefined {
    try {
      return call();
    } catch (cause) {
      const error = cause as NodeJS.ErrnoException;
      const vanished = error.code === 'ENOENT' || error.code === 'ENOTDIR';
      if (!vanished || missing === 'problem') problems.push({ path: at, error });
      return undefined;
    }
  }

  function addFile(file: string, link: boolean, format: LogDataset): void {
    const stats = attempt(file, () => statSync(file, { bigint: true }), 'fine');
    if (!stats?.isFile()) return;
    if (COMPRESSED.test(file)) {
      compressed.push(file);
      return;
    }
    const key = `${stats.dev}:${stats.ino}`;
    const known = files.get(key);
    if (known && (known.format !== format || link || !known.link)) return;
    files.set(key, {
      path: file,
      format,
      link,
      device: String(stats.dev),
      inode: String(stats.ino),
      size: Number(stats.size),
      birthMs: Number(stats.birthtimeMs),
      changedNs: stats.ctimeNs,
    });
  }

  function expand(
    folder: string,
    [segment = '', ...rest]: readonly string[],
    format: LogDataset,
  ): void {
    if (!/[*?]/.test(segment) && rest.length > 0) {
      expand(path.join(folder, segment), rest, format);
      return;
    }
    const entries = attempt(folder, () => readdirSync(folder, { withFileTypes: true }), 'problem');
    if (!entries) return;
    folders.add(folder);
    const wanted = nameMatcher(segment);
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (!wanted.test(entry.name)) continue;
      const found = path.join(folder, entry.name);
      if (entry.isSymbolicLink() && !leadsOn(found)) continue;
      if (rest.length === 0) addFile(found, entry.isSymbolicLink(), format);
      else if (isFolder(found)) expand(found, rest, format);
    }
  }

  function leadsOn(link: string): boolean {
    const trusted = attempt(link, () => mayFollow(link), 'fine');
    if (trusted === false) problems.push({ path: link, error: untrustedLink(link) });
    return trusted === true;
  }

  function isFolder(found: string): boolean {
    return attempt(found, () => statSync(found), 'fine')?.isDirectory() === true;
  }

  for (const { dataset, patterns } of sets) {
    for (const pattern of patterns) {
      const { root, segments } = splitPattern(pattern);
      expand(root, segments, dataset);
    }
  }
  return { files: [...files.values()], folders: [...folders], compressed, problems };
}

function splitPattern(pattern: string): { readonly root: string; readonly segments: string[] } {
  const absolute = path.resolve(pattern);
  const { root } = path.parse(absolute);
  return { root, segments: absolute.slice(root.length).split(path.sep) };
}

function nameMatcher(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const hidden = pattern.startsWith('.') ? '' : '(?!\\.)';
  return new RegExp(`^${hidden}${source}$`, 's');
}
