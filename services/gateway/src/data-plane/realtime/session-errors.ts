import { randomUUID } from 'node:crypto';
import type { ErrorCode, LlmError, RealtimeApi } from '@sluice/core';
import { DIALECTS, isObject, parseJson } from '@sluice/dialects';

/** Close codes of RFC 6455, section 7.4.1, and of IANA's registry. */
const GOING_AWAY = 1001;
const POLICY = 1008;
const TOO_BIG = 1009;
const INTERNAL_ERROR = 1011;
const TRY_AGAIN_LATER = 1013;

const CODES: Partial<Record<ErrorCode, number>> = {
  gateway_draining: GOING_AWAY,
  request_too_large: TOO_BIG,
  overloaded: TRY_AGAIN_LATER,
  no_healthy_target: TRY_AGAIN_LATER,
  auth_unavailable: TRY_AGAIN_LATER,
  limiter_unavailable: TRY_AGAIN_LATER,
  budget_unavailable: TRY_AGAIN_LATER,
};

/** Returns the close code for an error. */
export const closeCodeOf = ({ code, status }: LlmError): number => CODES[code] ?? (status < 500 ? POLICY : INTERNAL_ERROR);

/** Returns the close reason. The error code comes first, because a reason is truncated after 123 bytes. */
export const closeReasonOf = ({ code, message }: LlmError): string => `${code}: ${message}`;

/** Returns an error as an event of the session; undefined for an API that reports errors only in the close frame. */
export function errorEvent(api: RealtimeApi, error: LlmError): Buffer | undefined {
  if (api !== 'openai') return undefined;
  const body = parseJson(DIALECTS['openai-chat'].renderError(error));
  const details = isObject(body) && isObject(body['error']) ? body['error'] : {};
  const event = { type: 'error', event_id: `event_${randomUUID()}`, error: { ...details, event_id: null } };
  return Buffer.from(JSON.stringify(event));
}
