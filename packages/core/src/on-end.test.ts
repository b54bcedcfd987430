import { describe, expect, it } from '@jest/globals';
import { compose } from './compose.ts';
import { LlmError } from './errors.ts';
import type { LlmProxy, LlmService } from './llm-service.ts';
import { type CallEnd, withEnd } from './on-end.ts';
import type { LlmReply } from './reply.ts';
import { ReplyStream } from './reply-stream.ts';

const call = {} as Parameters<LlmService['complete']>[0];
const whole: LlmReply = { status: 200, contentType: 'application/json', headers: {}, body: new Uint8Array(0) };
const streamed = () => {
  const stream = new ReplyStream({ pause() {}, resume() {}, cancel: () => undefined });
  return { stream, reply: { status: 200, contentType: 'text/event-stream', headers: {}, stream } satisfies LlmReply };
};

/** Three layers that record their ends, around a service. */
function layers(service: () => Promise<LlmReply>) {
  const ends: string[] = [];
  const layer =
    (name: string): LlmProxy =>
    (next) => ({
      complete: (of) =>
        withEnd(
          () => next.complete(of),
          ({ reply, outcome, error }) => void ends.push(`${name} ${outcome?.end ?? error?.code ?? reply?.status}`),
        ),
    });
  return {
    ends,
    complete: () => compose([layer('outer'), layer('middle'), layer('inner')], { complete: service }).complete(call),
  };
}

describe('withEnd', () => {
  it('runs the ends of inner layers before those of outer layers for a complete reply', async () => {
    const { ends, complete } = layers(async () => whole);
    await complete();
    expect(ends).toEqual(['inner 200', 'middle 200', 'outer 200']);
  });

  it('runs the ends of inner layers first at the end of a stream, synchronously', async () => {
    const { stream, reply } = streamed();
    const { ends, complete } = layers(async () => reply);
    await complete();
    expect(ends).toEqual([]);
    stream.finish({ end: 'finished' });
    expect(ends).toEqual(['inner finished', 'middle finished', 'outer finished']);
  });

  it('runs the ends of inner layers first when the client disconnects', async () => {
    const { stream, reply } = streamed();
    const { ends, complete } = layers(async () => reply);
    await complete();
    stream.cancel();
    expect(ends).toEqual(['inner cancelled', 'middle cancelled', 'outer cancelled']);
  });

  it('runs the ends of inner layers first for an error, also one that is thrown synchronously', async () => {
    const error = new LlmError('overloaded', 'x');
    for (const service of [
      () => Promise.reject(error),
      () => {
        throw error;
      },
    ]) {
      const { ends, complete } = layers(service);
      await expect(complete()).rejects.toBe(error);
      expect(ends).toEqual(['inner overloaded', 'middle overloaded', 'outer overloaded']);
    }
  });

  it('settles an inner stream before the outer stream that a layer makes of it, whatever the order of registration', () => {
    const ends: string[] = [];
    const { stream: inner } = streamed();
    const { stream: outer } = streamed();
    // the outer stream is finished by the consumer of the inner one; its end is registered first
    outer.onEnd(() => void ends.push('outer'));
    inner.consume({ chunk: () => true, end: (outcome) => outer.finish(outcome) });
    inner.onEnd(() => void ends.push('inner'));
    inner.finish({ end: 'finished' });
    expect(ends).toEqual(['inner', 'outer']);
  });

  it('runs an end at once for a stream that has ended before', async () => {
    const { stream, reply } = streamed();
    stream.finish({ end: 'finished' });
    const ends: CallEnd[] = [];
    await withEnd(
      async () => reply,
      (end) => void ends.push(end),
    );
    expect(ends).toMatchObject([{ outcome: { end: 'finished' } }]);
  });
});
