import { LlmError, type Usage } from '@sluice/core';
import { readUsage } from './usage.ts';

/**
 * The usage of a whole answer.
 *
 * @throws LlmError `upstream_error` for a 200 that is no JSON object: a client would only find out by failing itself
 */
export function readWholeUsage(body: Buffer): Usage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null) {
    throw new LlmError('upstream_error', 'The provider sent an answer that is not JSON.');
  }
  return readUsage((value as Record<string, unknown>)['usage']);
}
