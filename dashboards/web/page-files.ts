import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';

export interface PageFile {
  readonly contentType: string;
  readonly body: Buffer;
}

const contentTypes: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The pages, in the order of the navigation. Addresses are relative, so that a proxy may add a prefix. */
const pages = [
  { name: 'tickets', path: '/', address: './', title: 'Support tickets' },
  { name: 'logs', path: '/logs', address: 'logs', title: 'System logs' },
  { name: 'pipeline', path: '/pipeline', address: 'pipeline', title: 'Pipeline' },
] as const;

/**
 * Reads the pages and their files into memory, by URL path. What is not here does not exist: no
 * path of a request ever reaches the file system.
 */
export async function loadPageFiles(folder: string): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>();
  for (const name of await readdir(folder)) {
    const contentType = contentTypes[extname(name)];
    if (contentType === undefined) continue;
    files.set(`/${name}`, { contentType, body: await readFile(join(folder, name)) });
  }
  const frame = await readFile(join(folder, 'frame.html'), 'utf8');
  for (const page of pages) {
    const content = await readFile(join(folder, `${page.name}.html`), 'utf8');
    files.set(page.path, {
      contentType: 'text/html; charset=utf-8',
      body: Buffer.from(framed(frame, page, content)),
    });
  }
  return files;
}

/** Puts a page's content into the frame that all pages share. */
function framed(frame: string, page: (typeof pages)[number], content: string): string {
  const links = pages.map(({ name, address, title }) => {
    const current = name === page.name ? ' aria-current="page"' : '';
    return `<li><a href="${address}"${current}>${title}</a></li>`;
  });
  const values: Readonly<Record<string, string>> = {
    name: page.name,
    title: page.title,
    navigation: links.join('\n'),
    content,
  };
  return frame.replaceAll(/\{\{(\w+)\}\}/g, (_whole, name: string) => values[name] ?? '');
}
