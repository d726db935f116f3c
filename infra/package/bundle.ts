/**
 * Bundles the `careplus` command with all daemons into `dist/`, which needs Node 24 and nothing
 * else: `npm run bundle`. Each verb and each daemon is a chunk that is loaded when it is named.
 * Not in it is the local stack: `careplus up` runs from a checkout.
 */
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import * as esbuild from 'esbuild';

const root = path.resolve(import.meta.dirname, '../..');

/** What the programs read at run time, at the same places below `dist/` as in the tree. */
const ASSETS = ['schemas/warehouse', 'dashboards/web/page', 'package.json'];

/** Packages that stand beside the bundle: one file for browsers, and what has a binary. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  echarts: ['package.json', 'dist/echarts.esm.min.mjs'],
  '@duckdb/node-api': ['.'],
  '@duckdb/node-bindings': ['.'],
  [`@duckdb/node-bindings-linux-${process.arch}`]: ['.'],
  'detect-libc': ['.'],
};

/** CommonJS packages in an ES module still ask for `require`. */
const REQUIRE =
  "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);";

/**
 * A module finds its files by its own folder. In a bundle all modules are at the top, so each is
 * told where its files lie from there.
 */
const assetFolders: esbuild.Plugin = {
  name: 'asset-folders',
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
      const source = await readFile(file, 'utf8');
      const folder = path.relative(root, path.dirname(file)).split(path.sep).join('/');
      const contents = source.replaceAll(
        'import.meta.dirname',
        `(import.meta.dirname + ${JSON.stringify(`/${folder}`)})`,
      );
      return { contents, loader: 'ts' };
    });
  },
};

/** @param outdir folder that is made anew. */
export async function bundle(outdir: string): Promise<void> {
  await rm(outdir, { recursive: true, force: true });
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: ['operations/careplus.ts'],
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    platform: 'node',
    target: 'node24',
    sourcemap: true,
    sourcesContent: false,
    external: ['@duckdb/*'],
    banner: { js: REQUIRE },
    plugins: [assetFolders],
    logLevel: 'warning',
  });
  for (const asset of ASSETS) await copy(asset, outdir);
  for (const [name, files] of Object.entries(PACKAGES)) {
    for (const file of files) await copy(path.join('node_modules', name, file), outdir);
  }
}

/** Copies a file or folder of the tree to the same place below another one. */
async function copy(place: string, outdir: string): Promise<void> {
  const to = path.join(outdir, place);
  await mkdir(path.dirname(to), { recursive: true });
  await cp(path.join(root, place), to, { recursive: true, dereference: true });
}

if (import.meta.main) {
  const outdir = path.join(root, 'dist');
  await bundle(outdir);
  process.stdout.write(`${outdir}\n`);
}
