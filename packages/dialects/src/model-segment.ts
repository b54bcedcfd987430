import { LlmError } from '@sluice/core';

/**
 * Returns a model name as one path segment. A client may send any name, so the segment must not change the path.
 *
 * @throws LlmError `model_not_found` for a name with dot segments
 */
export function modelSegment(model: string): string {
  if (model.split(/[/\\]/).some((part) => part === '.' || part === '..')) {
    throw new LlmError('model_not_found', 'There is no such model.', { param: 'model' });
  }
  return encodeURIComponent(model);
}
