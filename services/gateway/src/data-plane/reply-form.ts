import type { LlmError, LlmReply } from '@sluice/core';

/** How answers of a route are written, where that is not as its call's dialect has them. */
export interface ReplyForm {
  reply(reply: LlmReply): LlmReply;
  /** The body of an error. */
  error(error: LlmError): string;
}
