import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { LlmError, type LlmService, ReplyStream } from '@sluice/core';
import { openAiCall } from '@sluice/dialects';
import { deadlines } from './deadlines.ts';

const request = { model: 'm', messages: [{ role: 'user', content: 'x' }] };

/** Never answers, and rejects with the reason when it is aborted. */
const silent: LlmService = {
  complete: (call) =>
    new Promise((_, reject) => {
      call.signal.addEventListener('abort', () => reject(call.signal.reason));
      if (call.signal.aborted) reject(call.signal.reason);
    }),
};

describe('deadlines', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());
  it('aborts what does not begin to answer', async () => {
    const answered = deadlines({ beginMs: 10_000 })(silent).complete(openAiCall(request));
    jest.advanceTimersByTime(10_000);
    await expect(answered).rejects.toMatchObject({
      code: 'upstream_timeout',
      message: 'The provider did not answer within 10000 ms.',
    });
  });

  describe('of a stream', () => {
    const streamed = () => openAiCall({ ...request, stream: true });
    /** A provider with activity at an interval in ms that never answers. */
    const alive = (everyMs: number): LlmService => ({
      complete: (call) => {
        const timer = setInterval(() => call.alive?.(), everyMs);
        call.signal.addEventListener('abort', () => clearInterval(timer));
        return silent.complete(call);
      },
    });
    const settled = async (service: LlmService, ms: number) => {
      let over = false;
      const answered = deadlines({ beginMs: 20_000, firstContentMs: 10_000 })(service).complete(streamed());
      answered.catch(() => {
        over = true;
      });
      await jest.advanceTimersByTimeAsync(ms);
      return over;
    };

    it('measure silence: activity restarts them', async () => {
      expect(await settled(alive(9_000), 60_000)).toBe(false);
      expect(await settled(alive(11_000), 60_000)).toBe(true);
      expect(await settled(silent, 9_000)).toBe(false);
      expect(await settled(silent, 10_000)).toBe(true);
    });

    it('end after ten minutes despite activity', async () => {
      expect(await settled(alive(1_000), 599_000)).toBe(false);
      expect(await settled(alive(1_000), 600_000)).toBe(true);
    });

    it('are not restarted by the bytes of a whole answer', async () => {
      const answered = deadlines({ beginMs: 10_000 })(alive(1_000)).complete(openAiCall(request));
      jest.advanceTimersByTime(10_000);
      await expect(answered).rejects.toMatchObject({ code: 'upstream_timeout' });
    });
  });

  it('passes on that the client has gone, also where it had gone before', async () => {
    const gone = new LlmError('client_closed', 'gone');
    const controller = new AbortController();
    const answered = deadlines({ beginMs: 60_000 })(silent).complete(openAiCall(request, { signal: controller.signal }));
    controller.abort(gone);
    await expect(answered).rejects.toBe(gone);
    await expect(
      deadlines({ beginMs: 60_000 })(silent).complete(openAiCall(request, { signal: controller.signal })),
    ).rejects.toBe(gone);
  });

  it('lets a stream go on after it has begun, and still stops it when the client goes', async () => {
    const controller = new AbortController();
    let aborted = false;
    const stream = new ReplyStream({ pause() {}, resume() {}, cancel() {} });
    const service: LlmService = {
      async complete(call) {
        call.signal.addEventListener('abort', () => {
          aborted = true;
        });
        return { status: 200, contentType: 'text/event-stream', headers: {}, stream };
      },
    };
    await deadlines({ beginMs: 5_000 })(service).complete(openAiCall(request, { signal: controller.signal }));
    jest.advanceTimersByTime(60_000);
    expect(aborted).toBe(false);
    controller.abort(new LlmError('client_closed', 'gone'));
    expect(aborted).toBe(true);
  });
});
