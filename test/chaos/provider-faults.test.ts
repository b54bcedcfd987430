import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { ConfigFile } from '@sluice/config';
import { waitFor } from '@sluice/core/testing';
import { ask, chat } from '../support/ask.ts';
import { DONE, piece, STOP, usageChunk } from '../support/chunks.ts';
import { counted, type LoadOptions, type Seen, startLoad } from '../support/load.ts';
import { whatIsWrong } from '../support/oracle.ts';
import { events, type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';
import { type Stage, startStage } from './stage.ts';

const KEY = 'key-of-providers';

/** Returns a complete response or a stream, as the request demands. */
const good = (tokens = 3) => {
  const usage = { prompt_tokens: 5, completion_tokens: tokens, total_tokens: 5 + tokens };
  const choices = [{ index: 0, message: { role: 'assistant', content: 'good' }, finish_reason: 'stop' }];
  const answer = JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices, usage });
  return (response: Parameters<ReturnType<typeof whole>>[0], body: string) =>
    body.includes('"stream":true')
      ? events(piece('good') + STOP + usageChunk(5, tokens) + DONE)(response)
      : whole(answer)(response);
};

describe('failing providers', () => {
  let stage: Stage;
  let first: ScriptedUpstream;
  let second: ScriptedUpstream;
  afterEach(async () => {
    await stage.stop();
    await first.close();
    await second.close();
  });

  const start = async (replicas: number, more: (urls: { first: string; second: string }) => ConfigFile = () => ({})) => {
    first = await startScriptedUpstream();
    second = await startScriptedUpstream();
    for (const upstream of [first, second]) upstream.answer((response, { body }) => good()(response, body));
    const urls = { first: first.baseUrl, second: second.baseUrl };
    stage = await startStage({
      replicas,
      config: (simulator) => ({
        providers: { simulated: { baseUrl: simulator }, first: { baseUrl: urls.first }, second: { baseUrl: urls.second } },
        models: {
          one: { targets: [{ provider: 'first', model: 'm' }] },
          two: {
            targets: [
              { provider: 'first', model: 'm', firstToken: '1s', timeout: '1s' },
              { provider: 'second', model: 'm', firstToken: '1s', timeout: '1s' },
            ],
          },
        },
        keys: [{ name: 'providers', secret: KEY }],
        ...more(urls),
      }),
    });
    await stage.warm([KEY], 'one');
    for (const upstream of [first, second]) upstream.forget();
  };
  const loadFor = async (ms: number, options: Partial<LoadOptions> & { model: (n: number) => string }) => {
    const replicas = stage.gateways.length;
    const load = startLoad({ url: (n) => stage.gateways[n % replicas]?.url as string, key: () => KEY, rate: 100, ...options });
    await sleep(ms);
    return load.stop();
  };
  const call = (n: number, model: string) =>
    ask(stage.gateways[n]?.url as string, chat(model, `${performance.now()}`), { key: KEY });

  it('T42a: calls a target on no replica before the Retry-After of its 429 has passed', async () => {
    await start(3);
    // new processes need a tenth of a second for work that takes milliseconds later
    first.answer((response, { body }) => good()(response, body));
    await loadFor(2_000, { model: () => 'two' });
    const asked: number[] = [];
    let limitedAt = 0;
    first.answer((response, { body }) => {
      asked.push(performance.now());
      if (limitedAt === 0) {
        limitedAt = performance.now();
        whole('{"error":{"message":"slow down"}}', 429, { 'retry-after': '2' })(response);
      } else good()(response, body);
    });
    const lag = monitorEventLoopDelay({ resolution: 5 });
    lag.enable();
    const seen = await loadFor(4_000, { model: () => 'two' });
    lag.disable();
    expect(counted(seen)).toEqual({ 200: seen.length });
    // calls in flight at the time of the 429 cannot be called back; the other replicas receive it immediately, as fast as the
    // machine schedules processes
    const heardMs = 100 + (2 * lag.max) / 1e6;
    const within = asked.filter((at) => at > limitedAt + heardMs && at < limitedAt + 2_000);
    expect(within).toEqual([]);
    expect(asked.filter((at) => at >= limitedAt + 2_000).length).toBeGreaterThan(10);
  }, 180_000);

  it("T42a: waits for a single target's short Retry-After, and returns a long one to the client immediately", async () => {
    await start(1);
    const limited = (headers: Record<string, string>) => {
      let n = 0;
      const times: number[] = [];
      first.answer((response, { body }) => {
        times.push(performance.now());
        if (n++ === 0) whole('{"error":{"message":"slow down"}}', 429, headers)(response);
        else good()(response, body);
      });
      return times;
    };
    const times = limited({ 'retry-after-ms': '600' });
    expect((await call(0, 'one')).status).toBe(200);
    expect((times[1] as number) - (times[0] as number)).toBeGreaterThanOrEqual(595);
    const long = limited({ 'retry-after': '30' });
    expect((await call(0, 'one')).status).toBe(429);
    const next = await call(0, 'one');
    expect([next.status, next.code, long.length]).toEqual([429, 'rate_limit_exceeded', 1]);
    expect(Number(next.headers.get('retry-after'))).toBeGreaterThan(25);
  }, 180_000);

  it('T42b: limits retries to a tenth during an outage of 503, probes every five seconds, and recovers soon after it', async () => {
    await start(4);
    const asked: number[] = [];
    let failing = true;
    first.answer((response, { body }) => {
      asked.push(performance.now());
      if (failing) whole('{"error":{"message":"down"}}', 503)(response);
      else good()(response, body);
    });
    const load = startLoad({ url: (n) => stage.gateways[n % 4]?.url as string, key: () => KEY, model: () => 'one', rate: 200 });
    await sleep(16_000);
    failing = false;
    const worksMs = performance.now();
    await waitFor(() => load.seen.some(({ status, atMs }) => status === 200 && atMs > worksMs), 'a call to the provider');
    const backMs = performance.now();
    await sleep(1_000);
    const seen = await load.stop();
    expect(backMs - worksMs).toBeLessThan(10_000);
    const open = asked.filter((at) => at > (asked[0] as number) + 1_500 && at < worksMs);
    // three probes in fifteen seconds
    expect(open.length).toBeLessThanOrEqual(3);
    // until the circuit opened, the provider received only a few calls and a tenth of the others
    expect(asked.filter((at) => at <= (asked[0] as number) + 1_500).length).toBeLessThan(60);
    const { 200: answered = 0, '503 no_healthy_target': refused = 0, '502 upstream_error': failed = 0 } = counted(seen);
    expect(answered + refused + failed).toBe(seen.length);
    const later = seen.filter(({ atMs }) => atMs > backMs + 500);
    expect(counted(later)).toEqual({ 200: later.length });
    for (const { status, code, headers } of seen)
      if (code === 'no_healthy_target') expect([status, Number(headers['retry-after']) >= 1]).toEqual([503, true]);
  }, 180_000);

  it("T42c: sends refused content only once, and returns the provider's message", async () => {
    await start(1);
    first.answer(whole('{"error":{"message":"we do not like this","code":"content_filter"}}', 400));
    const answer = await call(0, 'two');
    expect([answer.status, answer.code, first.requests.length, second.requests.length]).toEqual([400, 'content_filter', 1, 0]);
    expect(answer.text).toContain('we do not like this');
  });

  it('T42d: charges nothing for failed attempts, and names the provider that responded', async () => {
    await start(1, ({ first, second }) => ({
      providers: { first: { baseUrl: first }, second: { baseUrl: second }, simulated: { baseUrl: first } },
      models: {
        one: { targets: [{ provider: 'first', model: 'm' }] },
        two: {
          targets: [
            { provider: 'first', model: 'dear', price: { input: 0, output: 0, request: 1 } },
            { provider: 'second', model: 'cheap', price: { input: 0, output: 0, request: 0.01 } },
          ],
        },
      },
    }));
    first.answer(whole('{}', 500));
    const { headers, status } = await call(0, 'two');
    expect([status, headers.get('x-sluice-provider'), headers.get('x-sluice-model'), headers.get('x-sluice-attempts')]).toEqual([
      200,
      'second',
      'cheap',
      '2',
    ]);
    expect(headers.get('x-sluice-cost-usd')).toBe('0.01');
  });

  it('sends no call to a provider with a failed health check, and resumes when the check passes', async () => {
    await start(2, ({ first, second }) => ({
      providers: {
        first: { baseUrl: first, healthCheck: { every: '200ms', timeout: '200ms', failures: 2 } },
        second: { baseUrl: second },
      },
      models: {
        one: { targets: [{ provider: 'second', model: 'm' }] },
        two: {
          targets: [
            { provider: 'first', model: 'm' },
            { provider: 'second', model: 'm' },
          ],
        },
      },
      resilience: { breaker: { open: '300ms' } },
    }));
    let well = true;
    const completions = () => first.requests.filter(({ method }) => method === 'POST').length;
    first.answer((response, { method, body }) => {
      if (method === 'GET') whole('{"data":[]}', well ? 200 : 503)(response);
      else good()(response, body);
    });
    expect((await call(0, 'two')).headers.get('x-sluice-provider')).toBe('first');
    well = false;
    for (const gateway of stage.gateways) {
      await waitFor(
        async () => (await stage.figure(gateway, 'sluice_circuit_state', { target: 'first/m' })) === 2,
        'the circuit to open',
      );
    }
    const before = completions();
    const seen = await loadFor(1_000, { model: () => 'two', rate: 50 });
    expect(counted(seen)).toEqual({ 200: seen.length });
    expect(completions()).toBe(before);
    well = true;
    await waitFor(async () => (await call(1, 'two')).headers.get('x-sluice-provider') === 'first', 'a call to the provider');
  }, 180_000);

  it('prefers the faster of two providers with the strategy speed when the other becomes ten times as slow', async () => {
    await start(2, ({ first, second }) => ({
      providers: { first: { baseUrl: first }, second: { baseUrl: second } },
      models: {
        one: { targets: [{ provider: 'first', model: 'm' }] },
        two: {
          strategy: 'speed',
          targets: [
            { provider: 'first', model: 'm' },
            { provider: 'second', model: 'm' },
          ],
        },
      },
    }));
    const slow = { first: 20, second: 20 };
    for (const [upstream, name] of [
      [first, 'first'],
      [second, 'second'],
    ] as const) {
      upstream.answer((response, { body }) => void setTimeout(() => good()(response, body), slow[name]));
    }
    const before = await loadFor(2_000, { model: () => 'two', rate: 60 });
    expect(counted(before)).toEqual({ 200: before.length });
    slow.first = 200;
    await loadFor(1_000, { model: () => 'two', rate: 60 });
    const asked = { first: first.requests.length, second: second.requests.length };
    const after = await loadFor(3_000, { model: () => 'two', rate: 60 });
    expect(counted(after)).toEqual({ 200: after.length });
    const [toFirst, toSecond] = [first.requests.length - asked.first, second.requests.length - asked.second];
    expect(toSecond).toBeGreaterThan(toFirst * 5);
  }, 180_000);

  it('refuses no call while a provider flaps, and sends it fewer calls', async () => {
    await start(2);
    let bad = false;
    let failures = 0;
    const flap = setInterval(() => {
      bad = !bad;
    }, 700);
    first.answer((response, { body }) => {
      if (!bad) good()(response, body);
      else {
        failures++;
        whole('{}', 500)(response);
      }
    });
    const seen = await loadFor(6_000, { model: () => 'two', stream: (n) => n % 3 === 0 });
    clearInterval(flap);
    expect(counted(seen)).toEqual({ 200: seen.length });
    expect(failures).toBeLessThan(seen.length / 10);
  }, 180_000);

  it.each([
    ['a storm of 429s', (response: never) => whole('{"error":{"message":"slow down"}}', 429)(response)],
    ['connection resets', (response: { socket: { resetAndDestroy(): void } | null }) => void response.socket?.resetAndDestroy()],
    [
      'web pages instead of responses',
      (response: never) => whole('<!doctype html>', 200, { 'content-type': 'text/html' })(response),
    ],
    ['silence', () => {}],
  ] as const)(
    'handles %s: serves all calls from the other provider while one provider fails so, and returns errors while both do',
    async (_what, respond) => {
      await start(2);
      first.answer((response) => respond(response as never));
      const one = await loadFor(3_000, { model: () => 'two', stream: (n) => n % 3 === 0, rate: 60 });
      expect(counted(one)).toEqual({ 200: one.length });
      second.answer((response) => respond(response as never));
      const both = await loadFor(3_000, { model: () => 'two', stream: (n) => n % 3 === 0, rate: 60 });
      for (const { status } of both) expect([200, 429, 502, 503, 504]).toContain(status);
      // calls to failing providers took no client long
      expect(Math.max(...both.map(({ tookMs }) => tookMs))).toBeLessThan(8_000);
      const seen: Seen[] = [...one, ...both];
      const delivered = () => ({ inputTokens: 5, outputTokens: 3 });
      expect(await whatIsWrong({ gateways: stage.gateways, simulator: stage.simulator, seen, delivered })).toEqual([]);
    },
    60_000,
  );
});
