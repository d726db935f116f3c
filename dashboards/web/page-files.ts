import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

export interface PageFile {
  readonly contentType: string;
  readonly body: Buffer;
  /** The body in gzip; null where that is no shorter. */
  readonly packed: Buffer | null;
  readonly etag: string;
  /** The page that it is; none for what pages are made of. */
  readonly page?: PageName;
}

const HTML = 'text/html; charset=utf-8';
const JAVASCRIPT = 'text/javascript; charset=utf-8';
const contentTypes: Readonly<Record<string, string>> = {
  '.js': JAVASCRIPT,
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * The pages. Addresses are relative, so that a proxy may add a prefix. Those with `under` are
 * reached from another one and not from the navigation.
 */
const pages = [
  { name: 'tickets', path: '/', address: './', title: 'Support tickets' },
  { name: 'logs', path: '/logs', address: 'logs', title: 'System logs' },
  { name: 'pipeline', path: '/pipeline', address: 'pipeline', title: 'Pipeline' },
  { name: 'ticket-list', path: '/tickets', title: 'Tickets', under: 'tickets' },
  { name: 'ticket', path: '/ticket', title: 'Ticket', under: 'tickets' },
  { name: 'entry-list', path: '/entries', title: 'Log entries', under: 'logs' },
] as const;
export type PageName = (typeof pages)[number]['name'];

/** The chart library, as its package brings it: one ES module that asks for nothing else. */
const LIBRARY_PATH = '/echarts.js';
const libraryFile = () => fileURLToPath(import.meta.resolve('echarts/dist/echarts.esm.min.mjs'));

/**
 * Reads the pages and their files into memory, by URL path. What is not here does not exist: no
 * path of a request ever reaches the file system.
 */
export async function loadPageFiles(folder: string): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const contentType = contentTypes[extname(entry.name)];
    if (contentType === undefined || !entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const path = relative(folder, file).split(sep).join('/');
    files.set(`/${path}`, await pageFile(contentType, await readFile(file)));
  }
  files.set(LIBRARY_PATH, await pageFile(JAVASCRIPT, await readFile(libraryFile())));
  const frame = await readFile(join(folder, 'frame.html'), 'utf8');
  for (const page of pages) {
    const content = await readFile(join(folder, `${page.name}.html`), 'utf8');
    const html = framed(frame, page, content, modulesOf(`/${page.name}.js`, files));
    files.set(page.path, { ...(await pageFile(HTML, Buffer.from(html))), page: page.name });
  }
  return files;
}

async function pageFile(contentType: string, body: Buffer): Promise<PageFile> {
  const packed = await promisify(gzip)(body, { level: 9 });
  return {
    contentType,
    body,
    packed: packed.length < body.length ? packed : null,
    etag: etagOf(body),
  };
}

/**
 * Every module that a page's own one imports, in whatever depth: told in its head, they are asked
 * for at once and not level by level.
 */
function modulesOf(path: string, files: ReadonlyMap<string, PageFile>): readonly string[] {
  const found = new Set([path]);
  for (const known of found) {
    const source = files.get(known)?.body.toString('utf8') ?? '';
    for (const [, name = ''] of source.matchAll(/^(?:import|\}) .*?from '(\.[^']+)';$/gm)) {
      found.add(posix.join(posix.dirname(known), name));
    }
  }
  return [...found];
}

/** Puts a page's content into the frame that all pages share. */
function framed(
  frame: string,
  page: (typeof pages)[number],
  content: string,
  modules: readonly string[],
): string {
  const links = pages.flatMap((other) => {
    if ('under' in other) return [];
    const { name, address, title } = other;
    const within = 'under' in page && page.under === name ? ' aria-current="true"' : '';
    const current = name === page.name ? ' aria-current="page"' : within;
    return [`<li><a href="${address}"${current}>${title}</a></li>`];
  });
  const values: Readonly<Record<string, string>> = {
    name: page.name,
    title: page.title,
    navigation: links.join('\n'),
    modules: modules
      .map((path) => `<link rel="modulepreload" href="${path.slice(1)}" />`)
      .join('\n'),
    content,
  };
  return frame.replaceAll(/\{\{(\w+)\}\}/g, (_whole, name: string) => values[name] ?? '');
}

/** Changes whenever the bytes do. */
function etagOf(body: Buffer): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
}
