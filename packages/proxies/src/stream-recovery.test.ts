import { describe, expect, it } from '@jest/globals';
import {
  isStreamed,
  type LlmCall,
  LlmError,
  type LlmReply,
  type LlmService,
  ReplyStream,
  type StreamOutcome,
  type StreamRecovery,
} from '@sluice/core';
import { openAiCall } from '@sluice/dialects';
import { servedBy } from './routing/served-by.ts';
import { streamRecovery } from './stream-recovery.ts';

const CUT: StreamOutcome = { end: 'failed', error: new LlmError('upstream_truncated', 'cut') };
const FINISHED: StreamOutcome = { end: 'finished', usage: { inputTokens: 1, outputTokens: 2 } };

/** A provider with consecutive streams of a single word and the given ends. */
function streaming(...ends: readonly StreamOutcome[]): LlmService & { calls: number } {
  return {
    calls: 0,
    async complete(call: LlmCall): Promise<LlmReply> {
      const n = this.calls++;
      const outcome = ends[n];
      if (outcome === undefined) throw new LlmError('upstream_error', 'no more');
      const stream = new ReplyStream({ pause() {}, resume() {}, cancel() {} });
      servedBy.set(call, { provider: `provider-${n}`, model: '', target: undefined });
      stream.push(Buffer.from(`word ${n}`));
      stream.finish(outcome);
      return { status: 200, contentType: 'text/event-stream', headers: {}, stream };
    },
  };
}

async function read(next: LlmService, recovery: StreamRecovery | undefined, signal?: AbortSignal) {
  const call = openAiCall(
    { model: 'm', messages: [{ role: 'user', content: 'x' }], stream: true },
    {
      preferences: recovery === undefined ? {} : { streamRecovery: recovery },
      ...(signal === undefined ? {} : { signal }),
    },
  );
  const reply = await streamRecovery(next).complete(call);
  if (!isStreamed(reply)) throw new Error('no stream');
  let text = '';
  const outcome = await new Promise<StreamOutcome>((resolve) => {
    reply.stream.consume({
      chunk: (bytes) => {
        text += Buffer.from(bytes).toString();
        return true;
      },
      end: resolve,
    });
  });
  expect(await reply.stream.outcome).toEqual(outcome);
  return { text, outcome };
}

describe('streamRecovery', () => {
  it('restarts a stream that breaks off and notifies a client that opted in', async () => {
    const next = streaming(CUT, FINISHED);
    const { text, outcome } = await read(next, 'restart');
    expect(outcome).toEqual(FINISHED);
    const [before, event, after] = text.split(/(\n\nevent: fallback_restart\ndata: .*\n\n)/);
    expect([before, after]).toEqual(['word 0', 'word 1']);
    expect(JSON.parse(event?.split('data: ')[1] ?? '')).toEqual({
      object: 'chat.completion.chunk',
      choices: [],
      fallback_restart: true,
      provider: 'provider-1',
      model: '',
    });
  });

  it('passes streams through unchanged without opt-in or without a failure', async () => {
    expect((await read(streaming(CUT, FINISHED), undefined)).outcome).toEqual(CUT);
    expect((await read(streaming(CUT, FINISHED), 'buffer')).outcome).toEqual(CUT);
    expect(await read(streaming(FINISHED), 'restart')).toEqual({ text: 'word 0', outcome: FINISHED });
  });

  it('stops after two restarts or when no target can be called', async () => {
    const often = streaming(CUT, CUT, CUT, FINISHED);
    expect((await read(often, 'restart')).outcome).toEqual(CUT);
    expect(often.calls).toBe(3);
    expect((await read(streaming(CUT), 'restart')).outcome).toEqual(CUT);
  });

  it('does not restart a stream after a client disconnect', async () => {
    const next = streaming(CUT, FINISHED);
    expect((await read(next, 'restart', AbortSignal.abort(new LlmError('client_closed', 'gone')))).outcome).toEqual(CUT);
    expect(next.calls).toBe(1);
  });
});
