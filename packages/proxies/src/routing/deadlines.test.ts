import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { LlmError, type LlmService, ReplyStream } from '@sluice/core';
import { openAiCall } from '@sluice/dialects';
import { deadlines } from './deadlines.ts';

const request = { model: 'm', messages: [{ role: 'user', content: 'x' }] };

/** Never responds, and rejects with the signal's reason when it is aborted. */
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
  it('aborts a call when the response does not begin in time', async () => {
    const answered = deadlines({ beginMs: 10_000 })(silent).complete(openAiCall(request));
    jest.advanceTimersByTime(10_000);
    await expect(answered).rejects.toMatchObject({
      code: 'upstream_timeout',
      message: 'The provider did not answer within 10000 ms.',
    });
  });

  describe('deadlines of a stream', () => {
    const streamed = () => openAiCall({ ...request, stream: true });
    /** A provider that never responds but reports activity at an interval in ms. */
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

    it('restarts the first-content deadline at each activity of the stream', async () => {
      expect(await settled(alive(9_000), 60_000)).toBe(false);
      expect(await settled(alive(11_000), 60_000)).toBe(true);
      expect(await settled(silent, 9_000)).toBe(false);
      expect(await settled(silent, 10_000)).toBe(true);
    });

    it('aborts a stream without content after ten minutes despite activity', async () => {
      expect(await settled(alive(1_000), 599_000)).toBe(false);
      expect(await settled(alive(1_000), 600_000)).toBe(true);
    });

    it('aborts a whole response at its deadline despite activity', async () => {
      const answered = deadlines({ beginMs: 10_000 })(alive(1_000)).complete(openAiCall(request));
      jest.advanceTimersByTime(10_000);
      await expect(answered).rejects.toMatchObject({ code: 'upstream_timeout' });
    });
  });

  it('passes on a client disconnect, also one from before the call', async () => {
    const gone = new LlmError('client_closed', 'gone');
    const controller = new AbortController();
    const answered = deadlines({ beginMs: 60_000 })(silent).complete(openAiCall(request, { signal: controller.signal }));
    controller.abort(gone);
    await expect(answered).rejects.toBe(gone);
    await expect(
      deadlines({ beginMs: 60_000 })(silent).complete(openAiCall(request, { signal: controller.signal })),
    ).rejects.toBe(gone);
  });

  it('lets a stream continue past the deadline once it has begun, and aborts it when the client disconnects', async () => {
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
