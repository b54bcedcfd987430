import { isStreamed, type LlmReply } from '@sluice/core';

/** Returns whether a provider refused a request for the `stream_options` that the gateway added to it. */
export function refusesStreamOptions(reply: LlmReply): boolean {
  if (isStreamed(reply) || (reply.status !== 400 && reply.status !== 422)) return false;
  return /stream_options|include_usage/.test(Buffer.from(reply.body).toString('utf8'));
}
