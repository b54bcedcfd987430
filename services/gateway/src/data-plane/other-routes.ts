import type { IncomingMessage } from 'node:http';
import { LlmError, type RequestMessage, type RequestView, type UnreadRequest } from '@sluice/core';
import { BodyRequest, isModelName } from '@sluice/dialects';

interface OtherPath {
  /** Below `/v1`, as Express writes paths. */
  readonly path: string;
  /** As a label. */
  readonly label: string;
  readonly methods: readonly ('GET' | 'POST' | 'DELETE')[];
  /** The name by which providers are asked whether they have it. */
  readonly route: string;
}

const path = (route: string, below: string, methods: OtherPath['methods']): OtherPath => ({
  path: `/v1/${below}`,
  label: `/v1/${below}`.replace(/:(\w+)/g, '{$1}'),
  methods,
  route,
});

/** Routes of OpenAI's API whose requests and answers pass unread. Nothing that is not listed here does. */
export const OTHER_ROUTES: readonly OtherPath[] = [
  path('moderations', 'moderations', ['POST']),
  path('images', 'images/generations', ['POST']),
  path('images', 'images/edits', ['POST']),
  path('images', 'images/variations', ['POST']),
  path('audio', 'audio/speech', ['POST']),
  path('audio', 'audio/transcriptions', ['POST']),
  path('audio', 'audio/translations', ['POST']),
  path('rerank', 'rerank', ['POST']),
  path('files', 'files', ['GET', 'POST']),
  path('files', 'files/:id', ['GET', 'DELETE']),
  path('files', 'files/:id/content', ['GET']),
  path('batches', 'batches', ['GET', 'POST']),
  path('batches', 'batches/:id', ['GET']),
  path('batches', 'batches/:id/cancel', ['POST']),
];

const JSON_TYPE = /^application\/json *(;|$)/i;
const PROVIDER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * A request that is passed on. Where its body is JSON it is held, so that the model in it is checked and named as the provider has it; any other
 * body goes by as it comes.
 *
 * @param hold reads a body to its end
 */
export async function otherRequest(
  request: IncomingMessage,
  { route }: OtherPath,
  hold: () => Promise<Buffer>,
): Promise<RequestMessage> {
  const method = request.method as UnreadRequest['method'];
  const contentType = request.headers['content-type'];
  const provider = request.headers['x-sluice-provider'];
  if (provider !== undefined && (typeof provider !== 'string' || !PROVIDER.test(provider))) {
    throw new LlmError('invalid_request', "The header 'x-sluice-provider' must be a provider's name.", {
      param: 'x-sluice-provider',
    });
  }
  const length = request.headers['content-length'];
  const held = method === 'POST' && contentType !== undefined && JSON_TYPE.test(contentType);
  const hasBody =
    method === 'POST' && !held && (length === undefined ? request.headers['transfer-encoding'] !== undefined : length !== '0');
  const unread: UnreadRequest = {
    method,
    route,
    path: upstreamPath(request.url ?? ''),
    contentType,
    contentLength: length === undefined ? undefined : Number(length),
    body: hasBody ? request : undefined,
    provider,
  };
  if (held) return heldMessage(await hold(), unread);
  const view: RequestView = { model: '', stream: false, wantsStreamUsage: false };
  const nothing = Buffer.alloc(0);
  return { bytes: nothing, unread, view: () => view, json: () => ({}), forUpstream: () => nothing };
}

/** Below the version, with the query but for the caller's key in it. */
function upstreamPath(url: string): string {
  const [path = '', query = ''] = url.split('?', 2);
  const kept = query.split('&').filter((pair) => pair !== '' && decoded(pair.split('=', 1)[0] ?? '') !== 'key');
  return path.slice('/v1'.length) + (kept.length === 0 ? '' : `?${kept.join('&')}`);
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** A JSON body, which may name a model. */
function heldMessage(bytes: Buffer, unread: UnreadRequest): RequestMessage {
  const body = new BodyRequest(bytes, ({ model }) => {
    if (model !== undefined && model !== null && !isModelName(model)) {
      throw new LlmError('invalid_request', "'model' must be a name of 1 to 256 printable ASCII characters.", { param: 'model' });
    }
    return { model: typeof model === 'string' ? model : '', stream: false, wantsStreamUsage: false };
  });
  return { bytes, unread, view: () => body.view(), json: () => body.json(), forUpstream: (form) => body.forUpstream(form) };
}
