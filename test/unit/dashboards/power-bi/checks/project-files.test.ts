import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import {
  PROJECT_FOLDER,
  readProject,
} from '../../../../../dashboards/power-bi/checks/project-files.ts';

it('reads what is committed: without marks of Windows, and what Desktop keeps for one person', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'careplus-power-bi-'));
  try {
    mkdirSync(path.join(folder, 'CarePlus.Report', '.pbi'), { recursive: true });
    const write = (file: string, text: string) => writeFileSync(path.join(folder, file), text);
    write('README.md', '');
    write('CarePlus.pbip', '\uFEFF{}');
    write('CarePlus.Report/.platform', '{}');
    for (const file of ['localSettings.json', 'cache.abf', 'unappliedChanges.json']) {
      write(`CarePlus.Report/.pbi/${file}`, '{}');
    }
    expect(readProject(folder)).toEqual(
      new Map([
        ['CarePlus.Report/.pbi/unappliedChanges.json', '{}'],
        ['CarePlus.Report/.platform', '{}'],
        ['CarePlus.pbip', '{}'],
      ]),
    );
    // What is passed over here must not be committed.
    const ignored = readFileSync(path.join(PROJECT_FOLDER, '.gitignore'), 'utf8').split('\n');
    expect(ignored).toEqual(
      expect.arrayContaining(['**/.pbi/localSettings.json', '**/.pbi/cache.abf']),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
