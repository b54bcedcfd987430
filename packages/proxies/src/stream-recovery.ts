import {
  type DialectName,
  isStreamed,
  type LlmCall,
  type LlmProxy,
  type LlmReply,
  type LlmService,
  ReplyStream,
  type StreamedReply,
  type StreamOutcome,
} from '@sluice/core';
import { servedBy } from './routing/served-by.ts';

/** Maximum number of restarts per stream. */
const MAX_RESTARTS = 2;

/**
 * Restarts a stream if its provider breaks off in the middle, for calls that opt in (`x-sluice-stream-recovery: restart`). An
 * event asks the client to discard the earlier content and names the new provider.
 *
 * A restart skips targets that failed this call before, unless no other target or fallback model exists. Streams of calls
 * without the opt-in end with an error.
 */
export const streamRecovery: LlmProxy = (next) => ({
  complete: (call) => (call.preferences.streamRecovery === 'restart' ? completeRestarting(call, next) : next.complete(call)),
});

async function completeRestarting(call: LlmCall, next: LlmService): Promise<LlmReply> {
  const reply = await next.complete(call);
  if (!isStreamed(reply) || !reply.contentType.startsWith('text/event-stream')) return reply;
  return { ...reply, stream: restarting(call, next, reply) };
}

function restarting(call: LlmCall, next: LlmService, first: StreamedReply): ReplyStream {
  let inner = first.stream;
  let flowing = true;
  let restarts = 0;
  const outer = new ReplyStream({
    pause: () => {
      flowing = false;
    },
    resume: () => {
      flowing = true;
      inner.resume();
    },
    cancel: () => {
      inner.cancel();
      return inner.progress();
    },
    progress: () => inner.progress(),
  });
  const follow = (stream: ReplyStream): void => {
    inner = stream;
    stream.consume({
      chunk: (bytes) => {
        outer.push(bytes);
        return flowing;
      },
      end: (outcome) => void end(outcome),
    });
  };
  const end = async (outcome: StreamOutcome): Promise<void> => {
    if (outcome.end !== 'failed' || call.signal.aborted || restarts === MAX_RESTARTS) {
      outer.finish(outcome);
      return;
    }
    restarts++;
    // the failed attempt is recorded in the call's account before the next target is picked
    await inner.outcome;
    let reply: LlmReply;
    try {
      reply = await next.complete(call);
    } catch {
      // the client receives the error that broke the first stream
      outer.finish(outcome);
      return;
    }
    if (!isStreamed(reply) || reply.status !== 200) {
      outer.finish(outcome);
      return;
    }
    outer.push(Buffer.from(restartEvent(call)));
    follow(reply.stream);
  };
  follow(first.stream);
  return outer;
}

/** An OpenAI client parses each event as a chunk; it ignores a chunk without choices. */
const EMPTY_CHUNK: Partial<Record<DialectName, object>> = { 'openai-chat': { object: 'chat.completion.chunk', choices: [] } };

function restartEvent(call: LlmCall): string {
  const { provider, model } = servedBy.get(call) ?? { provider: '', model: '' };
  const data = { ...EMPTY_CHUNK[call.dialect], fallback_restart: true, provider, model };
  // the blank line ends an event that was cut off in its middle
  return `\n\nevent: fallback_restart\ndata: ${JSON.stringify(data)}\n\n`;
}
