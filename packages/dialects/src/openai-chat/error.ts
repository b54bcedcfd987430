import type { ErrorCode, LlmError } from '@sluice/core';
import type { BrokenStream } from '../dialect.ts';

const TYPES: Partial<Record<ErrorCode, string>> = {
  invalid_request: 'invalid_request_error',
  context_length_exceeded: 'invalid_request_error',
  invalid_api_key: 'invalid_request_error',
  model_not_allowed: 'invalid_request_error',
  model_not_found: 'invalid_request_error',
  not_found: 'invalid_request_error',
  method_not_allowed: 'invalid_request_error',
  upgrade_required: 'invalid_request_error',
  request_too_large: 'invalid_request_error',
  rate_limit_exceeded: 'requests',
  insufficient_quota: 'insufficient_quota',
};

/** Renders an error in OpenAI's format: `{"error": {message, type, param, code}}`. */
export function renderError(error: LlmError): string {
  return JSON.stringify({
    error: {
      message: error.message,
      type: TYPES[error.code] ?? 'api_error',
      param: error.param ?? null,
      code: error.code,
    },
  });
}

/** Renders an error as the last event of a failed stream. No `[DONE]` follows it. */
export function renderStreamError(error: LlmError, { requestId }: BrokenStream): string {
  const body = {
    error: {
      message: error.message,
      type: error.code,
      param: null,
      code: error.code,
      request_id: requestId,
      partial: true,
    },
  };
  return `data: ${JSON.stringify(body)}\n\n`;
}
