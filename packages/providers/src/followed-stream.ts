import type { ReplyStream, StreamOutcome } from '@sluice/core';
import type { StreamWatcher } from '@sluice/dialects';

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
