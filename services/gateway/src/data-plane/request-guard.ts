import type { IncomingMessage } from 'node:http';
import { LlmError } from '@sluice/core';

/**
 * Refuses requests that another server on the way might read differently than this one does: several Host headers, an absolute-form
 * target, a path with an encoded slash, backslash or dot, or with dot segments. Node's parser lets them through.
 *
 * @throws LlmError `invalid_request`
 */
export function guardRequest(request: IncomingMessage): void {
  const target = request.url ?? '';
  if (!target.startsWith('/') || target.startsWith('//')) {
    throw new LlmError('invalid_request', 'The request target must be a path.');
  }
  const { rawHeaders } = request;
  let hosts = 0;
  for (let n = 0; n < rawHeaders.length; n += 2) {
    const name = rawHeaders[n] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  if (hosts > 1) throw new LlmError('invalid_request', 'The request has several Host headers.');
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  if (path.includes('//') || path.includes('\\') || path.includes('/.') || path.includes(';')) refusePath();
  if (path.includes('%') && /%(2e|2f|5c|25|00)/i.test(path)) refusePath();
}

function refusePath(): never {
  throw new LlmError('invalid_request', 'The path has segments that servers read differently; write it plainly.');
}
