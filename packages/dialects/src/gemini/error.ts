import type { LlmError } from '@sluice/core';
import type { BrokenStream } from '../dialect.ts';
import type { JsonObject } from '../neutral/read-json.ts';

/** Source: Google's API design guide, "Errors" (google.rpc.Code). */
const STATUS: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  405: 'UNIMPLEMENTED',
  413: 'INVALID_ARGUMENT',
  426: 'FAILED_PRECONDITION',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/**
 * Returns an error in the format of Google's APIs. The gateway's code is the reason, and an invalid field is a field violation.
 */
function bodyOf(error: LlmError): JsonObject {
  const { status, message, code, param } = error;
  const details: JsonObject[] = [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: code, domain: 'sluice' }];
  if (param !== undefined) {
    const fieldViolations = [{ field: param, description: message }];
    details.push({ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations });
  }
  return { error: { code: status, message, status: STATUS[status] ?? 'INTERNAL', details } };
}

export const renderError = (error: LlmError): string => JSON.stringify(bodyOf(error));

export function renderStreamError(error: LlmError, { framing, begun }: BrokenStream): string {
  const body = JSON.stringify(bodyOf(error));
  if (framing === 'json-array') return `${begun ? ',' : '['}${body}]`;
  return `data: ${body}\n\n`;
}
