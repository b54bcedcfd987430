import type { IncomingMessage } from 'node:http';
import type { PassthroughRequest, RequestMessage, RequestView } from '@sluice/core';
import { BodyRequest } from '@sluice/dialects';

interface StoredRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** The path as a metric label. */
  readonly label: string;
}

const route = (method: StoredRoute['method'], label: string): StoredRoute => ({
  ...{ method, label, path: label.replaceAll(/\{(\w+)\}/g, ':$1') },
});

/** Routes for responses and conversations that the gateway stores (OpenAI's API reference, "Responses" and "Conversations"). */
export const STORED_ROUTES: readonly StoredRoute[] = [
  route('GET', '/v1/responses/{id}'),
  route('DELETE', '/v1/responses/{id}'),
  route('GET', '/v1/responses/{id}/input_items'),
  route('POST', '/v1/responses/{id}/cancel'),
  route('POST', '/v1/conversations'),
  route('GET', '/v1/conversations/{id}'),
  route('POST', '/v1/conversations/{id}'),
  route('DELETE', '/v1/conversations/{id}'),
  route('GET', '/v1/conversations/{id}/items'),
  route('POST', '/v1/conversations/{id}/items'),
  route('GET', '/v1/conversations/{id}/items/{item}'),
  route('DELETE', '/v1/conversations/{id}/items/{item}'),
];

const VIEW: RequestView = { model: '', stream: false, wantsStreamUsage: false };

/** Returns the message of a request about stored objects. Its body is empty if the route has none. */
export function storedRequest(request: IncomingMessage, bytes: Buffer): RequestMessage {
  const path = pathOf(request.url ?? '');
  const unread: PassthroughRequest = {
    method: request.method as PassthroughRequest['method'],
    route: path.startsWith('/conversations') ? 'conversations' : 'responses',
    path,
    contentType: undefined,
    contentLength: undefined,
    body: undefined,
    provider: undefined,
  };
  const body = new BodyRequest(bytes, () => VIEW);
  const nothing = Buffer.alloc(0);
  return {
    ...{ bytes: nothing, unread },
    view: () => VIEW,
    json: () => (bytes.length === 0 ? {} : body.json()),
    forUpstream: () => nothing,
  };
}

/**
 * Returns the path below the version, with its query but without the caller's key: it is sent to the provider of a response
 * that is still in progress.
 */
function pathOf(url: string): string {
  const [path = '', query = ''] = url.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.delete('key');
  return path.slice('/v1'.length) + (parameters.size === 0 ? '' : `?${parameters}`);
}
