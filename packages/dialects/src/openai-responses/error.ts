import type { LlmError } from '@sluice/core';
import type { BrokenStream } from '../dialect.ts';

/** Errors have the format of OpenAI's other APIs; in a stream they are a separate event. */
export { renderError } from '../openai-chat/error.ts';

export function renderStreamError(error: LlmError, { requestId }: BrokenStream): string {
  const { code, message } = error;
  const body = { type: 'error', code, message: `${message} (request ${requestId})`, param: null, sequence_number: 0 };
  return `event: error\ndata: ${JSON.stringify(body)}\n\n`;
}
