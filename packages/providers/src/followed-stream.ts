import type { LlmError, ReplyStream, StreamOutcome } from '@sluice/core';
import type { StreamObserver } from '@sluice/dialects';

/** Buffered bytes after which a stream with the recovery `buffer` (`StreamRecovery`) begins to flow. */
export const MAX_HELD_BYTES = 8 * 1024 * 1024;

/** A stream of a provider. */
export interface IncomingStream {
  readonly reply: ReplyStream;
  readonly observer: StreamObserver;
  readonly contentType: string;
  /** Whether its bytes are not parsed, so that its completeness is unknown. */
  readonly unread: boolean;
  bytes: number;
  /** Whether the caller has received it. From then on no other answer is possible. */
  begun: boolean;
}

/** Returns what an unfinished stream has reported so far. */
export function progressOf(observer: StreamObserver): Pick<StreamOutcome, 'usage' | 'generated'> {
  return { usage: observer.usage(), generated: observer.generated() };
}

/** Ends a stream that broke off after its first content. @param aborted the reason, if the gateway ended it */
export function finishBroken(
  { reply, observer, unread }: IncomingStream,
  aborted: LlmError | undefined,
  broken: () => LlmError,
): void {
  const progress = progressOf(observer);
  const outcome = observer.outcome();
  if (aborted === undefined && !unread && outcome.end === 'finished') {
    // the answer is complete; only the connection did not end
    const rest = observer.rest();
    if (rest.length > 0) reply.push(rest);
    reply.finish({ ...outcome, ...progress });
    return;
  }
  const reason = aborted ?? broken();
  if (reason.code === 'client_closed') reply.finish({ end: 'cancelled', ...progress });
  else reply.finish({ end: 'failed', error: reason, ...progress });
}
