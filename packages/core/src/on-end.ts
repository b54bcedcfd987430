import { asLlmError, type LlmError } from './errors.ts';
import { isStreamed, type LlmReply } from './reply.ts';
import type { StreamOutcome } from './reply-stream.ts';

/** How a call ended: with a complete reply, with a stream that has ended (`outcome`), or with an error. */
export type CallEnd =
  | { readonly reply: LlmReply; readonly outcome?: StreamOutcome; readonly error?: undefined }
  | { readonly error: LlmError; readonly reply?: undefined; readonly outcome?: undefined };

/**
 * Completes a call and runs `onEnd` exactly once, synchronously, when the call has ended: with a complete reply, at the end of a
 * stream, or with an error. Ends run from the innermost layer to the outermost one, regardless of when they were registered: an
 * outer layer registers its end after the inner layer has returned its reply.
 *
 * @example
 * const timing: LlmProxy = (next) => ({
 *   complete: (call) => withEnd(() => next.complete(call), () => console.log(performance.now() - call.startedAtMs)),
 * });
 */
export async function withEnd(complete: () => Promise<LlmReply>, onEnd: (end: CallEnd) => void): Promise<LlmReply> {
  let reply: LlmReply;
  try {
    reply = await complete();
  } catch (thrown) {
    onEnd({ error: asLlmError(thrown) });
    throw thrown;
  }
  if (isStreamed(reply)) reply.stream.onEnd((outcome) => onEnd({ reply, outcome }));
  else onEnd({ reply });
  return reply;
}
