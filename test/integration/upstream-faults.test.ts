import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import { type RunningSimulator, startSimulator } from '@sluice/simulator';
import { ask, chat } from '../support/ask.ts';
import { freePort } from '../support/free-port.ts';
import { startGateway } from '../support/start-gateway.ts';

const KEY = 'key-of-faults';
const PROVIDER_KEY = 'the-key-that-nobody-may-see';

describe('a provider that fails', () => {
  let simulator: RunningSimulator;
  let gateway: Gateway;
  beforeAll(async () => {
    simulator = await startSimulator({ models: {} });
    const unusedPort = await freePort();
    gateway = await startGateway({
      config: {
        providers: {
          up: { baseUrl: `${simulator.url}/v1`, apiKey: PROVIDER_KEY },
          gone: { baseUrl: `http://127.0.0.1:${unusedPort}/v1`, apiKey: PROVIDER_KEY },
          nameless: { baseUrl: 'http://no-such-host.invalid/v1', connectTimeout: '500ms' },
        },
        models: {
          hanging: { targets: [{ provider: 'up', model: 'x+fault=hang', timeout: '150ms' }] },
          slow: { targets: [{ provider: 'up', model: 'x+latency=2000', timeout: '150ms' }] },
        },
        keys: [{ name: 'faults', secret: KEY }],
        resilience: { retries: { max: 0 } },
      },
    });
  });
  afterAll(async () => {
    await gateway.close(0);
    await simulator.close();
  });
  const call = (model: string, more: object = {}, headers: Readonly<Record<string, string>> = {}) =>
    ask(gateway.url, chat(model, 'x', more), { key: KEY, headers });

  it.each([
    ['responds with 500', 'up/x+status=500', 502, 'upstream_error'],
    ['responds with 503', 'up/x+status=503', 502, 'upstream_error'],
    ['refuses our credentials (401)', 'up/x+status=401', 502, 'upstream_error'],
    ['refuses our credentials (403)', 'up/x+status=403', 502, 'upstream_error'],
    ['requires payment (402)', 'up/x+status=402', 502, 'upstream_error'],
    ['resets the connection', 'up/x+fault=reset-before', 502, 'upstream_error'],
    ['resets the connection in the middle', 'up/x+fault=reset-after', 502, 'upstream_error'],
    ['sends half a response', 'up/x+fault=truncated', 502, 'upstream_error'],
    ['sends invalid JSON', 'up/x+fault=malformed', 502, 'upstream_error'],
    ['sends a web page', 'up/x+fault=html', 502, 'upstream_error'],
    ['sends nothing', 'up/x+fault=empty', 502, 'upstream_error'],
    ['redirects', 'up/x+fault=redirect', 502, 'upstream_error'],
    ['refuses connections', 'gone/x', 502, 'upstream_error'],
    ['has an unknown host name', 'nameless/x', 502, 'upstream_error'],
    ['never responds', 'hanging', 504, 'upstream_timeout'],
    ['responds too late', 'slow', 504, 'upstream_timeout'],
  ])('returns an error when a provider %s', async (_what, model, status, code) => {
    const answer = await call(model);
    expect([answer.status, answer.code]).toEqual([status, code]);
    expect(answer.headers.get('x-sluice-attempts')).toBe('1');
    expect(answer.headers.get('cache-control')).toBe('private, no-store');
    for (const secret of [PROVIDER_KEY, simulator.url, '127.0.0.1', 'invalid/', ' at '])
      expect(answer.text).not.toContain(secret);
    expect((await call('up/fine')).status).toBe(200);
  });

  it.each([400, 404, 409, 413, 422])("forwards a provider's refusal of the request (%s)", async (status) => {
    const answer = await call(`up/x+status=${status}`);
    expect(answer.status).toBe(status);
    expect(answer.text).toBe(
      JSON.stringify({ error: { message: `simulated status ${status}`, type: 'simulated', param: null, code: 'simulated' } }),
    );
  });

  it("forwards a provider's 429 with the time to wait", async () => {
    const answer = await call('up/x+status=429+retry-after=7');
    expect([answer.status, answer.headers.get('retry-after'), answer.code]).toEqual([429, '7', 'simulated']);
  });

  it('accepts a response that arrives byte by byte', async () => {
    for (const stream of [false, true]) {
      const answer = await call('up/x+fault=drip', { stream });
      expect(answer.status).toBe(200);
      expect(answer.text).toContain(stream ? '[DONE]' : 'Simulated answer to: x');
    }
  });

  it('ignores [DONE] after a complete response', async () => {
    const answer = await call('up/x+fault=no-done', { stream: true });
    expect(answer.text).toContain('"finish_reason":"stop"');
    expect(answer.text).not.toContain('"error"');
  });

  it("stops waiting for a provider at the call's own deadline", async () => {
    // the provider would respond in ten minutes
    const answer = await call('up/x+latency=600000', {}, { 'x-sluice-timeout-ms': '100' });
    expect([answer.status, answer.code]).toEqual([504, 'upstream_timeout']);
  });

  it("ends a stream at the call's own deadline with an error event", async () => {
    const answer = await call('up/x+tps=4', { stream: true }, { 'x-sluice-timeout-ms': '400' });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('"delta"');
    expect(answer.text).toContain('"code":"upstream_timeout"');
    expect(answer.text).not.toContain('[DONE]');
  });

  it('sends the provider its own key, and no header that the client sent for the gateway', async () => {
    simulator.journal.clear();
    await call('up/fine', {}, { cookie: 'a=b', 'x-sluice-tags': 'team=a', 'x-api-key': 'other', 'x-forwarded-for': '10.0.0.1' });
    const [entry] = simulator.journal.entries;
    expect(entry?.headers['authorization']).toBe(`Bearer ${PROVIDER_KEY}`);
    expect(Object.keys(entry?.headers ?? {}).sort()).toEqual(
      ['accept-encoding', 'authorization', 'connection', 'content-length', 'content-type', 'host', 'user-agent'].sort(),
    );
    expect(JSON.stringify(entry)).not.toContain(KEY);
  });

  it('reuses connections to a provider', async () => {
    const sockets = new Set<unknown>();
    for (let n = 0; n < 10; n++) {
      await call('up/fine');
      sockets.add(simulator.journal.entries.at(-1)?.port);
    }
    expect(sockets.size).toBe(1);
  });
});
