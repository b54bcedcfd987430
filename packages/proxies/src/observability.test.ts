import { describe, expect, it, jest } from '@jest/globals';
import { LlmError, type LlmReply, ReplyStream } from '@sluice/core';
import { endedAttempt, ManualClock } from '@sluice/core/testing';
import { openAiCall } from '@sluice/dialects';
import { createMetrics } from '@sluice/telemetry';
import { cacheResult } from './caching/cache-result.ts';
import { observability } from './observability.ts';
import { servedBy } from './routing/served-by.ts';

function setUp() {
  const clock = new ManualClock();
  const metrics = createMetrics({ version: '0', node: '0' });
  const known = { model: (name: string) => name === 'ours', providerModel: (_: string, name: string) => name === 'theirs' };
  const ask = async (answer: () => LlmReply | Promise<LlmReply>, model = 'ours', providerModel = 'theirs') => {
    const call = openAiCall({ model, messages: [{ role: 'user', content: 'x' }] });
    Object.assign(call, { startedAtMs: clock.monotonic() });
    const service = observability({ metrics, known, clock })({
      async complete() {
        clock.advance(300);
        const usage = { inputTokens: 3, outputTokens: 4, cachedInputTokens: 1, cacheWriteTokens: 2, reasoningTokens: 1 };
        call.context.caller = { tenant: 'acme', keyName: 'k', limits: {} };
        servedBy.set(call, { provider: 'p', model: providerModel, target: undefined });
        cacheResult.set(call, { state: 'miss', key: undefined });
        endedAttempt(call, { usage, cost: 2_000_000_000 }, 250);
        return answer();
      },
    });
    return service.complete(call).catch(() => undefined);
  };
  interface Value {
    readonly value: number;
    readonly labels: Readonly<Record<string, string>>;
    readonly metricName?: string;
  }
  const valuesOf = async (name: Exclude<keyof typeof metrics, 'registry'>) =>
    (await metrics[name].get()).values as unknown as readonly Value[];
  return { clock, known, metrics, ask, valuesOf };
}

const whole: LlmReply = { status: 200, contentType: 'application/json', headers: {}, body: Buffer.from('{}') };
const route = 'POST /v1/chat/completions';

describe('observability', () => {
  it('measures the duration of a call, split into provider and gateway time', async () => {
    const { ask, valuesOf } = setUp();
    await ask(() => whole);
    const labels = { route, model: 'ours', provider: 'p', status: '200', cache: 'miss' };
    expect(await valuesOf('requests')).toEqual([expect.objectContaining({ value: 1, labels })]);
    const sumOf = async (name: 'requestDuration' | 'upstreamDuration' | 'overhead') =>
      (await valuesOf(name)).find((one) => one.metricName?.endsWith('_sum'))?.value;
    expect(await sumOf('requestDuration')).toBeCloseTo(0.3);
    expect(await sumOf('upstreamDuration')).toBeCloseTo(0.25);
    expect(await sumOf('overhead')).toBeCloseTo(0.05);
    expect(await valuesOf('cost')).toEqual([{ value: 2, labels: { provider: 'p', model: 'theirs' } }]);
    const tokens = (await valuesOf('tokens')).map(({ labels: { type }, value }) => [type, value]);
    expect(tokens).toEqual([
      ['input', 3],
      ['output', 4],
      ['cache_read', 1],
      ['cache_write', 2],
      ['reasoning', 1],
    ]);
  });

  it('uses no label that a client has invented', async () => {
    const { ask, valuesOf } = setUp();
    for (let n = 0; n < 50; n++) await ask(() => whole, `made-up-${n}`, `made-up-${n}`);
    expect((await valuesOf('requests')).map(({ labels: { model }, value }) => [model, value])).toEqual([['other', 50]]);
    expect((await valuesOf('cost')).map(({ labels: { model } }) => model)).toEqual(['other']);
  });

  it('does not parse an unauthenticated request', async () => {
    const { known, metrics, valuesOf } = setUp();
    const call = openAiCall({ model: 'ours', messages: [] });
    const view = jest.spyOn(call.message, 'view');
    const refused = new LlmError('invalid_api_key', 'The API key is not known.');
    const service = observability({ metrics, known })({ complete: () => Promise.reject(refused) });
    await expect(service.complete(call)).rejects.toBe(refused);
    expect(await valuesOf('requests')).toMatchObject([{ value: 1, labels: { status: '401', model: '' } }]);
    expect(view).not.toHaveBeenCalled();
  });

  it('counts refused calls', async () => {
    const { ask, valuesOf } = setUp();
    await ask(() => Promise.reject(new LlmError('rate_limit_exceeded', 'x')));
    expect(await valuesOf('requests')).toMatchObject([{ value: 1, labels: { status: '429' } }]);
  });

  it('counts a stream when it has ended, and as in flight until then', async () => {
    const { ask, valuesOf, clock } = setUp();
    const stream = new ReplyStream({ pause() {}, resume() {}, cancel() {} });
    await ask(() => ({ status: 200, contentType: 'text/event-stream', headers: {}, stream }));
    expect(await valuesOf('inFlight')).toMatchObject([{ value: 1 }]);
    expect(await valuesOf('requests')).toEqual([]);
    clock.advance(100);
    stream.push(Buffer.from('data: 1\n\n'));
    stream.finish({ end: 'cancelled' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(await valuesOf('inFlight')).toMatchObject([{ value: 0 }]);
    expect(await valuesOf('requests')).toMatchObject([{ value: 1, labels: { status: '499' } }]);
    const first = (await valuesOf('timeToFirstToken')).find((one) => one.metricName?.endsWith('_sum'));
    expect(first?.value).toBeCloseTo(0.4);
  });
});
