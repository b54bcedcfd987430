import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { ask, chat } from '../support/ask.ts';
import { startGatewayProcess, untilReady } from '../support/gateway-process.ts';
import { startRedisServer } from '../support/redis-server.ts';

describe('a gateway that starts without Redis', () => {
  it('T29: becomes ready when Redis starts after the gateway', async () => {
    const gone = await startRedisServer();
    await gone.stop();
    const gateway = await startGatewayProcess({
      config: { providers: { sim: { dialect: 'simulated', latency: '1ms' } }, keys: [{ name: 'one', secret: 'key-one' }] },
      environment: { REDIS_URL: gone.url },
    });
    let server: Awaited<ReturnType<typeof startRedisServer>> | undefined;
    try {
      expect((await fetch(`${gateway.url}/readyz`)).status).toBe(503);
      expect((await ask(gateway.url, chat('sim/x', 'x'), { key: 'key-one' })).code).toBe('auth_unavailable');
      server = await startRedisServer([], gone.port);
      await untilReady(gateway);
      await waitFor(async () => (await ask(gateway.url, chat('sim/x', 'x'), { key: 'key-one' })).status === 200, 'calls to pass');
    } finally {
      await gateway.stop();
      await server?.stop();
    }
  });
});
