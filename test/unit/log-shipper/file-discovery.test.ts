import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { discoverFiles } from '../../../log-shipper/file-discovery.ts';
import { supportLogs } from '../../../schemas/datasets/support-logs/index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'careplus-discovery-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (...names: string[]) => path.join(folder, ...names);
const write = (...names: string[]) => {
  mkdirSync(path.dirname(at(...names)), { recursive: true });
  writeFileSync(at(...names), names.join('/'));
};
const find = (...patterns: string[]) => {
  const dataset = supportLogs;
  const found = discoverFiles([{ dataset, patterns: patterns.map((pattern) => at(pattern)) }]);
  return { ...found, paths: found.files.map((file) => path.relative(folder, file.path)) };
};

describe('finding log files', () => {
  it('takes the names that match, in any part of the path', () => {
    for (const name of ['a.log', 'a.log.1', 'b.txt', 'axlog']) write(name);
    for (const name of ['one', 'two']) write(name, 'logs', 'c.log');
    expect(find('*.log*').paths).toEqual(['a.log', 'a.log.1']);
    expect(find('a.log').paths).toEqual(['a.log']);
    expect(find('*/logs/?.log').paths).toEqual(['one/logs/c.log', 'two/logs/c.log']);
    expect(find('*/logs/*', '*.txt').folders).toContain(at('two/logs'));
  });

  it('leaves hidden files out unless they are named', () => {
    for (const name of ['.a.log.swp', '.b.log', 'c.log']) write(name);
    write('.trash', 'd.log');
    expect(find('*.log*').paths).toEqual(['c.log']);
    expect(find('.*.log').paths).toEqual(['.b.log']);
    expect(find('*/*.log').paths).toEqual([]);
    expect(find('.trash/*.log').paths).toEqual(['.trash/d.log']);
  });

  it('finds a file with several names once, by the name that is no link', () => {
    write('z.log');
    symlinkSync('z.log', at('current.log'));
    linkSync(at('z.log'), at('zz.log'));
    expect(find('*.log').paths).toEqual(['z.log']);
    expect(find('current*').paths).toEqual(['current.log']);
  });

  it('gives a file to the first set that names it, be it by a link', () => {
    for (const name of ['access.log', 'app.log']) write(name);
    symlinkSync('access.log', at('a-link.log'));
    const [all, first] = [['*.log'], ['a-link*']].map((names) => names.map((n) => at(n)));
    const other = { ...supportLogs, name: 'other' };
    const formats = (...sets: Parameters<typeof discoverFiles>[0]) =>
      discoverFiles(sets)
        .files.map((file) => `${path.basename(file.path)} ${file.format.name}`)
        .sort();
    expect(
      formats(
        { dataset: other, patterns: first ?? [] },
        { dataset: supportLogs, patterns: all ?? [] },
      ),
    ).toEqual(['a-link.log other', 'app.log support-logs']);
    expect(
      formats(
        { dataset: supportLogs, patterns: all ?? [] },
        { dataset: other, patterns: first ?? [] },
      ),
    ).toEqual(['access.log support-logs', 'app.log support-logs']);
  });

  it('follows links without end no further than the pattern goes', () => {
    write('logs', 'a.log');
    symlinkSync('.', at('logs', 'loop'));
    symlinkSync('nowhere', at('logs', 'dangling.log'));
    expect(find('logs/*.log')).toMatchObject({ paths: ['logs/a.log'], problems: [] });
    expect(find('logs/loop/*.log').paths).toEqual(['logs/loop/a.log']);
  });

  it('leaves compressed files out and says so', () => {
    for (const name of ['a.log', 'a.log.1.gz', 'a.log.2.zst']) write(name);
    expect(find('*.log*')).toMatchObject({
      paths: ['a.log'],
      compressed: [at('a.log.1.gz'), at('a.log.2.zst')],
    });
  });

  it('tells of a folder that is not there and finds the rest', () => {
    write('a.log');
    const { paths, problems } = find('missing/*.log', '*.log');
    expect(paths).toEqual(['a.log']);
    expect(problems).toMatchObject([{ path: at('missing'), error: { code: 'ENOENT' } }]);
  });
});
