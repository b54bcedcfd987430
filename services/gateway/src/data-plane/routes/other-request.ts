import type { IncomingMessage } from 'node:http';
import { defined, errorTexts, LlmError, type PassthroughRequest, type RequestMessage, type RequestView } from '@sluice/core';
import { BodyRequest, isModelName, modelSegment } from '@sluice/dialects';
import { withModel } from '../deployment-request.ts';
import { boundaryOf } from './multipart.ts';
import { multipartRequest } from './multipart-request.ts';
import { accountOf, SPOKEN } from './other-route.ts';
import type { RouteMatch } from './route-table.ts';

/** How the body of a request is received. */
export interface BodySource {
  /** Reads the whole body. */
  readonly hold: () => Promise<Buffer>;
  /** Asks a client that waits with its body (`Expect: 100-continue`) to send it. */
  readonly goOn: () => void;
  /** Timeout for the first bytes. */
  readonly timeoutMs: number;
}

const JSON_TYPE = /^application\/json *(;|$)/i;
const PROVIDER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const NOTHING = Buffer.alloc(0);
/** Forwarded headers: those of Gemini's resumable uploads, and of features of OpenAI's routes. */
const PASSED = /^(?:x-goog-upload-|openai-beta$)/;
const UPLOAD_ANSWER = [
  'x-goog-upload-url',
  'x-goog-upload-status',
  'x-goog-upload-chunk-granularity',
  'x-goog-upload-size-received',
];

/**
 * Creates the message of a pass-through request. A JSON body is buffered, so that its model can be checked and replaced by the
 * provider's name. Any other body is streamed, except that the part `model` is read from the first bytes of a multipart body.
 *
 * @throws LlmError `invalid_request`
 */
export async function otherRequest(request: IncomingMessage, match: RouteMatch, source: BodySource): Promise<RequestMessage> {
  const unread = unreadOf(request, match);
  const { contentType, method } = unread;
  const hasBody = method !== 'GET' && method !== 'DELETE' && bodyLengthOf(request) !== '0';
  if (!hasBody) return messageOf({ ...unread, contentLength: undefined }, match, NOTHING);
  if (contentType !== undefined && JSON_TYPE.test(contentType)) return messageOf(unread, match, await source.hold());
  if (request.headers.expect !== undefined) source.goOn();
  const boundary = boundaryOf(contentType);
  if (boundary !== undefined) return multipartRequest(request, unread, boundary, match.model, source.timeoutMs);
  return messageOf({ ...unread, body: request }, match, NOTHING);
}

/** Returns the declared length in bytes; `0` without a body. */
function bodyLengthOf({ headers }: IncomingMessage): string {
  return headers['content-length'] ?? (headers['transfer-encoding'] === undefined ? '0' : 'unknown');
}

function unreadOf(request: IncomingMessage, { route, ids }: RouteMatch): PassthroughRequest {
  const { headers } = request;
  const provider = headers['x-sluice-provider'];
  if (provider !== undefined && (typeof provider !== 'string' || !PROVIDER.test(provider))) {
    throw new LlmError('invalid_request', errorTexts.headerMustBe('x-sluice-provider', "a provider's name"), {
      param: 'x-sluice-provider',
    });
  }
  const { path, above } = upstreamPath(request.url ?? '');
  const length = headers['content-length'];
  const dialects = SPOKEN[route.api];
  const account = accountOf(route, ids);
  const upload = above === '' ? null : new URLSearchParams(path.split('?', 2)[1]).get('upload_id');
  return {
    method: route.method,
    route: route.feature,
    ...defined({ dialects }),
    path,
    ...(above === '' ? {} : { above, passedHeaders: UPLOAD_ANSWER }),
    headers: Object.entries(headers).flatMap(([name, value]) =>
      PASSED.test(name) && typeof value === 'string' ? [name, value] : [],
    ),
    ...(account === undefined
      ? {}
      : { account: upload === null ? account : { ...account, action: 'read', id: `upload/${upload}` } }),
    billed: route.billed,
    contentType: headers['content-type'],
    contentLength: length === undefined ? undefined : Number(length),
    body: undefined,
    provider,
  };
}

/** Returns the path below the version, and its query without the caller's key and without Azure's version parameter. */
function upstreamPath(url: string): { path: string; above: string } {
  const [path = '', query = ''] = url.split('?', 2);
  const dropped = path.startsWith('/openai/') ? ['key', 'api-version'] : ['key'];
  const kept = query.split('&').filter((pair) => pair !== '' && !dropped.includes(decoded(pair.split('=', 1)[0] ?? '')));
  const [, above = '', below = ''] = /^(\/upload)?\/(?:openai\/deployments\/[^/]+|v\d\w*)(\/.*)$/.exec(path) ?? [];
  return { path: below + (kept.length === 0 ? '' : `?${kept.join('&')}`), above };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** @param held a JSON body, or an empty buffer */
function messageOf(unread: PassthroughRequest, { route, model }: RouteMatch, held: Buffer): RequestMessage {
  if (model !== undefined && route.api === 'gemini') return modelInPath(unread, model, held);
  if (held.length === 0) {
    const view: RequestView = { model: model ?? '', stream: false, wantsStreamUsage: false };
    return { bytes: NOTHING, unread, view: () => view, json: () => ({}), forUpstream: () => NOTHING };
  }
  const bytes = model === undefined ? held : withModel(held, model);
  const prefix = route.api === 'gemini' ? 'models/' : '';
  const named = (raw: unknown): string =>
    typeof raw !== 'string' ? '' : raw.startsWith(prefix) ? raw.slice(prefix.length) : raw;
  const body = new BodyRequest(bytes, ({ model: given }) => {
    if (given !== undefined && given !== null && !isModelName(named(given))) refuseModel();
    return { model: typeof given === 'string' ? given : '', stream: false, wantsStreamUsage: false };
  });
  return {
    bytes,
    unread,
    view: prefix === '' ? () => body.view() : () => ({ ...body.view(), model: named(body.view().model) }),
    json: () => body.json(),
    forUpstream: (form) => body.forUpstream({ ...form, model: prefix + form.model }),
  };
}

/** Returns the message of a Gemini batch: only the path contains the model. */
function modelInPath(unread: PassthroughRequest, model: string, bytes: Buffer): RequestMessage {
  const body = new BodyRequest(bytes, () => {
    if (!isModelName(model)) refuseModel();
    return { model, stream: false, wantsStreamUsage: false };
  });
  const action = unread.path.slice(unread.path.lastIndexOf(':'));
  return {
    bytes,
    unread: { ...unread, forModel: (name) => ({ path: `/models/${modelSegment(name)}${action}` }) },
    view: () => body.view(),
    json: () => body.json(),
    forUpstream: () => bytes,
  };
}

function refuseModel(): never {
  throw new LlmError('invalid_request', errorTexts.modelNotName, { param: 'model' });
}
