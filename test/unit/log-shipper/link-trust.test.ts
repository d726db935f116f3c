import {
  chownSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { discoverFiles } from '../../../log-shipper/file-discovery.ts';
import { supportLogs } from '../../../schemas/datasets/support-logs/index.ts';

/** Accounts that are nobody's here. */
const [APPLICATION, STRANGER] = [61_001, 61_002];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-links-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (...names: string[]) => path.join(folder, ...names);

function link(name: string, target: string, owner: number): void {
  symlinkSync(target, at(name));
  lchownSync(at(name), owner, owner);
}

function find(pattern: string) {
  const { files, problems } = discoverFiles([{ dataset: supportLogs, patterns: [at(pattern)] }]);
  return {
    paths: files.map((file) => path.relative(folder, file.path)),
    problems: problems.map(({ path: where, error }) => [path.relative(folder, where), error.code]),
  };
}

// Only root gives files away.
describe.runIf(process.getuid?.() === 0)('links in a folder of logs', () => {
  beforeEach(() => {
    mkdirSync(at('private'));
    writeFileSync(at('private', 'auth.log'), 'of the machine');
    writeFileSync(at('private', 'app.log'), 'of the application');
    chownSync(at('private', 'app.log'), APPLICATION, APPLICATION);
  });

  it('are followed to files of the link’s owner, and wherever root has made them', () => {
    link('own.log', 'private/app.log', APPLICATION);
    link('root.log', 'private/auth.log', 0);
    expect(find('*.log')).toEqual({ paths: ['own.log', 'root.log'], problems: [] });
  });

  it('lead to no file of somebody else’s, and hide nothing beside them', () => {
    writeFileSync(at('a.log'), 'an entry');
    link('evil.log', 'private/auth.log', STRANGER);
    link('stolen.log', 'private/app.log', STRANGER);
    expect(find('*.log')).toEqual({
      paths: ['a.log'],
      problems: [
        ['evil.log', 'EPERM'],
        ['stolen.log', 'EPERM'],
      ],
    });
  });

  it('lead into no folder of somebody else’s either', () => {
    link('evil', 'private', STRANGER);
    link('good', 'private', 0);
    expect(find('*d/*.log').paths).toEqual(['good/app.log', 'good/auth.log']);
    expect(find('ev*/*.log')).toEqual({ paths: [], problems: [['evil', 'EPERM']] });
  });

  it('that lead nowhere are no news', () => {
    link('gone.log', 'nowhere', STRANGER);
    expect(find('*.log')).toEqual({ paths: [], problems: [] });
  });
});
