import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import {
  checkPortsFree,
  findPortHolder,
  readPortBase,
  stackPorts,
} from '../../../../infra/local/ports.ts';

const servers: Server[] = [];

function listen(host: string): Promise<number> {
  const server = createServer();
  servers.push(server);
  return new Promise((resolve) => {
    server.listen(0, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

describe('readPortBase', () => {
  it('takes the default without a setting', () => {
    expect(readPortBase({})).toBe(18_400);
    expect(readPortBase({ CAREPLUS_PORT_BASE: '' })).toBe(18_400);
  });

  it('takes a number from the environment', () => {
    expect(readPortBase({ CAREPLUS_PORT_BASE: '21200' })).toBe(21_200);
  });

  it.each(['abc', '80', '65530', '-1', '2e4', '18400.5'])('refuses %s', (text) => {
    expect(() => readPortBase({ CAREPLUS_PORT_BASE: text })).toThrow(
      expect.objectContaining({
        code: 'CFG_9004',
        message: expect.stringContaining(text) as string,
      }),
    );
  });
});

describe('stackPorts', () => {
  it('gives every part a port of its own above the base', () => {
    const { health, ...parts } = stackPorts(20_000);
    const all = [...Object.values(parts), ...Object.values(health)];
    expect(new Set(all).size).toBe(all.length);
    expect(Math.min(...all)).toBe(20_000);
    expect(parts).toMatchObject({ dashboard: 20_000, aws: 20_001, mariadb: 20_004 });
    expect(health['cdc-reader']).toBe(20_010);
  });
});

describe('checkPortsFree', () => {
  it('passes when nothing listens', async () => {
    const port = await listen('127.0.0.1');
    await new Promise((resolve) => servers[0]?.close(resolve));
    await expect(checkPortsFree({ kafka: port })).resolves.toBeUndefined();
  });

  it.each(['127.0.0.1', '0.0.0.0', '::'])(
    'names port, part and holder of a listener on %s',
    async (host) => {
      const port = await listen(host);
      await expect(checkPortsFree({ mariadb: port })).rejects.toMatchObject({
        code: 'CFG_9004',
        message: expect.stringMatching(
          new RegExp(`port ${port} \\(mariadb\\) .*process ${process.pid} \\(.+\\)`),
        ) as string,
      });
    },
  );

  it('names all taken ports at once', async () => {
    const [a, b] = [await listen('127.0.0.1'), await listen('127.0.0.1')];
    const message = await checkPortsFree({ kafka: a, aws: b }).catch(String);
    expect(message).toContain(`port ${a} (kafka)`);
    expect(message).toContain(`port ${b} (aws)`);
  });

  it('leaves the ports free again', async () => {
    const port = await listen('127.0.0.1');
    await new Promise((resolve) => servers[0]?.close(resolve));
    await checkPortsFree({ kafka: port });
    await checkPortsFree({ kafka: port });
    expect(findPortHolder(port)).toBeUndefined();
  });
});
