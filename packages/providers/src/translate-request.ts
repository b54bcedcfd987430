import type { LlmCall } from '@sluice/core';
import { DIALECTS, type Dialect } from '@sluice/dialects';

/**
 * A call's request as a provider of another dialect wants it. What was a wish and cannot be said is noted in the call's facts.
 *
 * @throws LlmError `invalid_request` with the field that cannot be said, or that is wrong
 */
export function translateRequest(call: LlmCall, to: Dialect, model: string): Buffer {
  const neutral = DIALECTS[call.dialect].readRequest(call.message.json());
  const { body, dropped } = to.writeRequest(neutral, model, call.message.view().stream);
  call.facts.dropped = dropped;
  return Buffer.from(JSON.stringify(body));
}
