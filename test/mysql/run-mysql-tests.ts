/**
 * `npm run test:mysql`: the reader's tests on a real MySQL server, which it sets up. Where that
 * cannot be, it says why and ends with 0: nothing was tested, and the line says so.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { freePorts } from '../integration/local-stack/fixtures/free-ports.ts';
import { startMysql, whyNoMysql } from './mysql-server.ts';

const root = path.resolve(import.meta.dirname, '../..');
const files = path.join(root, 'node_modules/.cache/careplus/mysql');

const obstacle = whyNoMysql();
if (obstacle !== undefined) {
  console.log(`not tested on MySQL: ${obstacle}`);
} else {
  console.log(
    `setting up MySQL in ${path.relative(root, files)} (about a minute the first time) …`,
  );
  const [port = 0] = await freePorts(1);
  const server = await startMysql(files, port);
  try {
    const test = spawn(
      path.join(root, 'node_modules/.bin/vitest'),
      ['run', '--project', 'integration', 'test/integration/cdc-reader/mysql.test.ts'],
      { cwd: root, stdio: 'inherit', env: { ...process.env, CAREPLUS_TEST_MYSQL: server.address } },
    );
    const [code] = (await once(test, 'exit')) as [number | null];
    process.exitCode = code ?? 1;
  } finally {
    await server.stop();
  }
}
