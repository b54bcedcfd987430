import type { IncomingMessage } from 'node:http';
import { errorTexts, LlmError } from '@sluice/core';
import { canonicalTarget } from './request-path.ts';

/**
 * Refuses requests that another server on the path might parse differently: several Host headers, an absolute-form target, and
 * the paths that `canonicalTarget` refuses. Node's parser accepts them.
 *
 * @throws LlmError `invalid_request`
 */
export function guardRequest(request: IncomingMessage): void {
  canonicalTarget(request.url ?? '');
  const { rawHeaders } = request;
  let hosts = 0;
  for (let n = 0; n < rawHeaders.length; n += 2) {
    const name = rawHeaders[n] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  if (hosts > 1) throw new LlmError('invalid_request', errorTexts.severalHosts);
}
