import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { startHealthServer } from '../../../../runtime/daemon/health-server.ts';
import { createProgress } from '../../../../runtime/daemon/progress.ts';

let server: Awaited<ReturnType<typeof startHealthServer>>;

afterEach(() => server.close());

describe('/healthz', () => {
  it('tells whether the loop moves, and what keeps a part from its work', async () => {
    let now = 0;
    const progress = createProgress(() => now);
    server = await startHealthServer({
      ...{ host: '127.0.0.1', port: 0, progress, metrics: new Registry(), staleMs: 1_000 },
      gate: () => true,
    });
    const look = async () => {
      const response = await fetch(`http://127.0.0.1:${server.port}/healthz`);
      return { status: response.status, body: await response.json() };
    };
    const trouble = { code: 'LAKE_4002', message: 'no such stream' };
    progress.setTrouble('tickets', trouble);
    expect(await look()).toEqual({
      status: 200,
      body: { lastProgressMs: 0, troubles: { tickets: trouble } },
    });
    progress.setTrouble('tickets', undefined);
    now = 1_000;
    expect(await look()).toEqual({ status: 503, body: { lastProgressMs: 1_000, troubles: {} } });
  });
});
