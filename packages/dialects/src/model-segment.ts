import { LlmError } from '@sluice/core';

/**
 * A model's name as one segment of an address. A name may come from a caller, so nothing in it may lead elsewhere.
 *
 * @throws LlmError `model_not_found` for a name with dot segments
 */
export function modelSegment(model: string): string {
  if (model.split(/[/\\]/).some((part) => part === '.' || part === '..')) {
    throw new LlmError('model_not_found', 'There is no such model.', { param: 'model' });
  }
  return encodeURIComponent(model);
}
