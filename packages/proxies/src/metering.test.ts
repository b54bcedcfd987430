import { describe, expect, it, jest } from '@jest/globals';
import { type Limits, LlmError, type LlmReply, type LlmService, ManualClock, ReplyStream } from '@sluice/core';
import { openAiCall } from '@sluice/dialects';
import { MemoryMeters } from '@sluice/store/memory';
import type { Meters } from '@sluice/store/ports';
import { metering } from './metering.ts';

const whole: LlmReply = { status: 200, contentType: 'application/json', headers: {}, body: Buffer.from('{}') };

const callOf = (limits: Limits) => {
  const call = openAiCall({ model: 'm', messages: [{ role: 'user', content: 'x' }] });
  call.facts.caller = { tenant: 't', keyName: 'k', limits };
  return call;
};

function setUp(limits: Limits, next: LlmService = { complete: async () => whole }) {
  const clock = new ManualClock();
  const meters = new MemoryMeters(clock);
  const service = metering({ meters })(next);
  const ask = async () => {
    const call = callOf(limits);
    const reply = await service.complete(call);
    return { reply, facts: call.facts };
  };
  return { clock, ask };
}

/** Places are given back in the event loop's next turn, after what a stream's end has set off in this one. */
const nextTurn = async () => {
  await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
};

describe('metering', () => {
  it('lets as many calls through as the limit says, and says what is left', async () => {
    const { ask, clock } = setUp({ requests: { limit: 2, windowMs: 60_000 } });
    expect((await ask()).facts.meters).toMatchObject([{ meter: 'requests', limit: 2, remaining: 1 }]);
    await ask();
    await expect(ask()).rejects.toMatchObject({ code: 'rate_limit_exceeded', retryAfterMs: expect.any(Number) });
    await expect(ask()).rejects.toThrow(/^The limit of 2 requests is reached\. Try again in \d+ s\.$/);
    clock.advance(61_000);
    await ask();
  });

  it('frees the place of a call that has ended, however it ended', async () => {
    let fail = false;
    const { ask } = setUp(
      { concurrent: 1 },
      { complete: async () => (fail ? Promise.reject(new LlmError('upstream_error', 'x')) : whole) },
    );
    await ask();
    await nextTurn();
    fail = true;
    await expect(ask()).rejects.toMatchObject({ code: 'upstream_error' });
    await nextTurn();
    await expect(ask()).rejects.toMatchObject({ code: 'upstream_error' });
  });

  it.each(['finished', 'failed', 'cancelled'] as const)('holds the place of a stream until it has %s', async (end) => {
    const streams: ReplyStream[] = [];
    const next: LlmService = {
      async complete() {
        const stream = new ReplyStream({ pause() {}, resume() {}, cancel() {} });
        streams.push(stream);
        return { status: 200, contentType: 'text/event-stream', headers: {}, stream };
      },
    };
    const { ask } = setUp({ concurrent: 1 }, next);
    await ask();
    await nextTurn();
    await expect(ask()).rejects.toThrow('Too many calls at one time: 1 of this key are in flight already.');
    streams[0]?.finish({ end });
    await nextTurn();
    await ask();
  });

  it('costs a caller without limits no trip', async () => {
    const reserve = jest.fn<Meters['reserve']>();
    const service = metering({ meters: { reserve, release: jest.fn<Meters['release']>(), renew: jest.fn<Meters['renew']>() } })({
      complete: async () => whole,
    });
    const call = callOf({});
    service.prepare?.(call);
    await service.complete(call);
    expect(reserve).not.toHaveBeenCalled();
  });

  it('says that it cannot tell where the store is away, and gives back what the store may still take', async () => {
    const release = jest.fn<Meters['release']>(async () => {});
    const meters: Meters = { reserve: () => Promise.reject(new Error('away')), release, renew: async () => {} };
    const health = { works: jest.fn(), failed: jest.fn() };
    const complete = jest.fn<LlmService['complete']>();
    const call = callOf({ concurrent: 3 });
    await expect(metering({ meters, health })({ complete }).complete(call)).rejects.toMatchObject({
      code: 'limiter_unavailable',
      status: 503,
    });
    await nextTurn();
    expect(complete).not.toHaveBeenCalled();
    expect(health.failed).toHaveBeenCalled();
    expect(release).toHaveBeenCalledWith([expect.objectContaining({ callId: call.id })]);
  });
});
