import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { ask, chat } from '../support/ask.ts';
import { type GatewayProcess, startGatewayProcess, untilReady } from '../support/gateway-process.ts';
import { type ScriptedUpstream, startScriptedUpstream, whole } from '../support/scripted-upstream.ts';

const ANSWER = JSON.stringify({
  ...{ id: 'x', object: 'chat.completion', model: 'm' },
  choices: [{ index: 0, message: { role: 'assistant', content: 'well' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1 },
});

/** Longer than the target's timeout, which is longer than eight calls need to reach the provider on a busy machine. */
const STOPPED_MS = 8_000;

describe('a gateway process that is stopped for a while', () => {
  let upstream: ScriptedUpstream;
  let gateway: GatewayProcess;
  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    gateway = await startGatewayProcess({
      config: {
        providers: { up: { baseUrl: upstream.baseUrl } },
        models: { m: { targets: [{ provider: 'up', model: 'm', timeout: '5s' }] } },
        keys: [{ name: 'app', secret: 'key-of-the-app' }],
        resilience: { retries: { max: 0 }, breaker: { consecutive: 2 } },
      },
      environment: { REDIS_URL: process.env['TEST_REDIS_URL'] as string },
    });
    await untilReady(gateway);
  });
  afterAll(async () => {
    gateway.process.kill('SIGCONT');
    await gateway.stop();
    await upstream.close();
  });
  const call = (n: number) => ask(gateway.url, chat('m', `${n}`), { key: 'key-of-the-app' });

  it('accepts the responses that arrived while it was stopped, and counts no failure of the provider', async () => {
    upstream.answer(whole(ANSWER));
    expect((await call(0)).status).toBe(200);
    // the provider responds in time, while the gateway is stopped
    const responses: (() => void)[] = [];
    upstream.forget();
    upstream.answer((response) => responses.push(() => whole(ANSWER)(response)));
    const calls = Array.from({ length: 8 }, (_, n) => call(n + 1));
    await waitFor(() => responses.length === 8, 'the provider to have all calls');
    gateway.process.kill('SIGSTOP');
    for (const answer of responses) answer();
    await sleep(STOPPED_MS);
    gateway.process.kill('SIGCONT');
    const answers = await Promise.all(calls);
    expect(answers.map(({ status }) => status)).toEqual(calls.map(() => 200));
    for (const { headers } of answers) expect(headers.get('x-sluice-attempts')).toBe('1');
    const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
    expect(metrics).toContain('sluice_circuit_state{target="up/m"} 0');
  }, 180_000);

  it('opens no circuit for timeouts that passed while it was stopped', async () => {
    upstream.forget();
    upstream.answer(() => {});
    const calls = Array.from({ length: 8 }, (_, n) => call(100 + n));
    await waitFor(() => upstream.requests.length === 8, 'the provider to have all calls');
    gateway.process.kill('SIGSTOP');
    await sleep(STOPPED_MS);
    gateway.process.kill('SIGCONT');
    const answers = await Promise.all(calls);
    expect(answers.map(({ status }) => status)).toEqual(calls.map(() => 504));
    upstream.answer(whole(ANSWER));
    expect((await call(200)).status).toBe(200);
  }, 180_000);
});
