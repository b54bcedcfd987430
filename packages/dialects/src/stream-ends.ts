import { LlmError, type StreamOutcome, type Usage } from '@sluice/core';

/** The provider told an error where an answer was under way. */
export const errorInStream = (): LlmError =>
  new LlmError('upstream_truncated', 'The provider reported an error in the middle of the answer.');

/** How a stream ended, now that no more bytes will come: one that did not say that it is complete was cut, however clean its end looks. */
export function outcomeOf(finished: boolean, error: LlmError | undefined, usage: Usage | undefined): StreamOutcome {
  const told = usage === undefined ? {} : { usage };
  if (error !== undefined) return { end: 'failed', error, ...told };
  if (finished) return { end: 'finished', ...told };
  const cut = new LlmError('upstream_truncated', 'The provider ended the stream before the answer was complete.');
  return { end: 'failed', error: cut, ...told };
}
