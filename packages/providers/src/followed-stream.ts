import type { LlmError, ReplyStream, StreamOutcome } from '@sluice/core';
import type { StreamWatcher } from '@sluice/dialects';

/** A stream that is to be held back until its end (`StreamRecovery`) begins to flow when so much has come. */
export const MAX_HELD_BYTES = 8 * 1024 * 1024;

/** A stream that comes from a provider. */
export interface IncomingStream {
  readonly reply: ReplyStream;
  readonly watcher: StreamWatcher;
  readonly contentType: string;
  /** Nobody knows of its bytes whether they are all. */
  readonly unread: boolean;
  bytes: number;
  /** Whether the caller has it: from then on nothing else can be answered. */
  begun: boolean;
}

/** What had come of a stream that is not finished. */
export function toldBy(watcher: StreamWatcher): Pick<StreamOutcome, 'usage' | 'generated'> {
  const usage = watcher.usage();
  return { ...(usage === undefined ? {} : { usage }), generated: watcher.generated() };
}

/** Ends a stream that the caller has, where it broke off. @param aborted why, where it was the gateway that ended it */
export function finishBroken(
  { reply, watcher, unread }: IncomingStream,
  aborted: LlmError | undefined,
  broken: () => LlmError,
): void {
  const told = toldBy(watcher);
  const outcome = watcher.outcome();
  if (aborted === undefined && !unread && outcome.end === 'finished') {
    // it had said all that it had to say, and then not ended
    const rest = watcher.rest();
    if (rest.length > 0) reply.push(rest);
    reply.finish({ ...outcome, ...told });
    return;
  }
  const reason = aborted ?? broken();
  if (reason.code === 'client_closed') reply.finish({ end: 'cancelled', ...told });
  else reply.finish({ end: 'failed', error: reason, ...told });
}
