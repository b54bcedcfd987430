import { defined, type LlmError } from '@sluice/core';
import type { BrokenStream } from '../dialect.ts';

/** Source: Anthropic's API reference, "Errors". */
const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  405: 'invalid_request_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
};

const typeOf = (error: LlmError): string => TYPES[error.status] ?? 'api_error';

/** Anthropic's own messages for a prompt that is too long. */
const TOO_LONG = /prompt is too long|exceed context limit/i;

/**
 * Returns the message, with Anthropic's prefix for a prompt that is too long. Claude Code compacts a conversation if the prefix
 * matches, and the dialect has no code for it.
 */
const messageOf = ({ code, message }: LlmError): string =>
  code === 'context_length_exceeded' && !TOO_LONG.test(message) ? `prompt is too long: ${message}` : message;

/** Renders an error in Anthropic's format. The gateway's own code is added, for errors without their own type. */
export function renderError(error: LlmError): string {
  const { code, param, details } = error;
  return JSON.stringify({
    type: 'error',
    error: {
      type: typeOf(error),
      message: messageOf(error),
      code,
      ...defined({ param, details }),
    },
  });
}

export function renderStreamError(error: LlmError, { requestId }: BrokenStream): string {
  const body = {
    type: 'error',
    error: { type: typeOf(error), message: messageOf(error), code: error.code },
    request_id: requestId,
  };
  return `event: error\ndata: ${JSON.stringify(body)}\n\n`;
}
