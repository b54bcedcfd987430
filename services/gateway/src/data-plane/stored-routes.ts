import type { IncomingMessage } from 'node:http';
import type { RequestMessage, RequestView, UnreadRequest } from '@sluice/core';

/** Routes about responses that the gateway keeps (OpenAI's API reference, "Responses"). */
export const STORED_ROUTES: readonly {
  readonly method: UnreadRequest['method'];
  readonly path: string;
  readonly label: string;
}[] = [
  { method: 'GET', path: '/v1/responses/:id', label: '/v1/responses/{id}' },
  { method: 'DELETE', path: '/v1/responses/:id', label: '/v1/responses/{id}' },
  { method: 'GET', path: '/v1/responses/:id/input_items', label: '/v1/responses/{id}/input_items' },
  { method: 'POST', path: '/v1/responses/:id/cancel', label: '/v1/responses/{id}/cancel' },
];

/** A question about a stored response: all of it is in the path. */
export function storedRequest(request: IncomingMessage): RequestMessage {
  const unread: UnreadRequest = {
    method: request.method as UnreadRequest['method'],
    route: 'responses',
    path: pathOf(request.url ?? ''),
    contentType: undefined,
    contentLength: undefined,
    body: undefined,
    provider: undefined,
  };
  const view: RequestView = { model: '', stream: false, wantsStreamUsage: false };
  const nothing = Buffer.alloc(0);
  return { bytes: nothing, unread, view: () => view, json: () => ({}), forUpstream: () => nothing };
}

/** Below the version, without a key in the query: it goes to the provider that still works on a response. */
function pathOf(url: string): string {
  const [path = '', query = ''] = url.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.delete('key');
  return path.slice('/v1'.length) + (parameters.size === 0 ? '' : `?${parameters}`);
}
