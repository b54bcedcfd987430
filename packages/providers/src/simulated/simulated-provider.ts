import { abortSignalOf, type CallSignal, type LlmCall, type LlmReply, type LlmService, ReplyStream } from '@sluice/core';
import { pause } from './pause.ts';
import { type SimulatedAnswer, simulatedAnswer } from './simulated-answer.ts';
import { SIMULATED_CREATED_S } from './simulated-model.ts';

export interface SimulatedOptions {
  /** Milliseconds until the answer begins. */
  readonly latencyMs: number;
  /** Speed of a stream. All events are sent at once if not given. */
  readonly tokensPerSecond?: number;
}

/**
 * Returns a simulated provider in this process, for demonstrations and tests: without network and key, and with a configured
 * latency. It answers in its caller's dialect.
 */
export function simulated(model: string, options: SimulatedOptions): LlmService {
  return {
    async complete(call: LlmCall): Promise<LlmReply> {
      const view = call.message.view();
      const framing = view.framing ?? 'sse';
      const answer = simulatedAnswer({
        operation: call.operation,
        dialect: call.dialect,
        body: call.message.json(),
        context: { model, id: `sim-${call.id}`, createdS: SIMULATED_CREATED_S, streamUsage: view.wantsStreamUsage, framing },
      });
      await pause(options.latencyMs, call.signal);
      const head = { status: 200, headers: {} };
      const { usage } = answer;
      if (!view.stream) return { ...head, contentType: 'application/json', body: Buffer.from(answer.whole), usage };
      const contentType = framing === 'sse' ? 'text/event-stream; charset=utf-8' : 'application/json';
      return { ...head, contentType, stream: streamOf(answer, options, call.signal) };
    },
  };
}

function streamOf(answer: SimulatedAnswer, options: SimulatedOptions, signal: CallSignal): ReplyStream {
  const abandoned = new AbortController();
  let generated = 0;
  const cancel = () => {
    abandoned.abort();
    return { generated };
  };
  const stream = new ReplyStream({ pause() {}, resume() {}, cancel, progress: () => ({ generated }) });
  const gapMs = options.tokensPerSecond === undefined ? 0 : 1_000 / options.tokensPerSecond;
  const run = async (): Promise<void> => {
    const stop = AbortSignal.any([abortSignalOf(signal), abandoned.signal]);
    try {
      for (const event of answer.events()) {
        // the latency has passed, so the first event is sent at once
        if (gapMs > 0 && generated > 0) await pause(gapMs, stop);
        stream.push(Buffer.from(event));
        generated++;
      }
      stream.finish({ end: 'finished', usage: answer.usage });
    } catch {
      stream.finish({ end: 'cancelled' });
    }
  };
  void run();
  return stream;
}
