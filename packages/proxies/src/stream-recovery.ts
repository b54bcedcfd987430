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

/** So often a stream is begun anew. */
const MAX_RESTARTS = 2;

/**
 * Begins a stream anew where its provider breaks off in the middle, for calls that ask for it (`x-sluice-stream-recovery: restart`): an event tells the
 * client to forget what came before, and by whom it is answered now. The target that broke off is not asked again, nor are others that failed this call, as
 * long as there is another target or a fallback model. Other calls' streams end with an error there.
 */
export const streamRecovery: LlmProxy = (next) => ({
  async complete(call) {
    const reply = await next.complete(call);
    if (
      call.preferences.streamRecovery !== 'restart' ||
      !isStreamed(reply) ||
      !reply.contentType.startsWith('text/event-stream')
    ) {
      return reply;
    }
    return { ...reply, stream: restarting(call, next, reply) };
  },
});

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
    // the attempt that broke is noted among the call's before the next one is chosen
    await inner.outcome;
    let reply: LlmReply;
    try {
      reply = await next.complete(call);
    } catch {
      // what broke the first one is what the client is told
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

/** An OpenAI client reads each event as a chunk; one without choices says nothing to it. */
const EMPTY_CHUNK: Partial<Record<DialectName, object>> = { 'openai-chat': { object: 'chat.completion.chunk', choices: [] } };

function restartEvent({ dialect, facts }: LlmCall): string {
  const { provider = '', providerModel = '' } = facts;
  const data = { ...EMPTY_CHUNK[dialect], fallback_restart: true, provider, model: providerModel };
  // what was cut may have been cut within an event
  return `\n\nevent: fallback_restart\ndata: ${JSON.stringify(data)}\n\n`;
}
