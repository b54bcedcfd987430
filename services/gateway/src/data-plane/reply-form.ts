import type { LlmError, LlmReply } from '@sluice/core';

/** Writes the replies of a route with a format that differs from its call's dialect. */
export interface ReplyForm {
  reply(reply: LlmReply): LlmReply;
  /** Returns the body of an error response. */
  error(error: LlmError): string;
}
