import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  asLlmError,
  type Clock,
  emptyFacts,
  type LlmCall,
  LlmError,
  type LlmService,
  type Preferences,
  type RequestMessage,
  unreadableMessage,
} from '@sluice/core';
import { DIALECTS, GeminiRequest } from '@sluice/dialects';
import express, { type Express, type Request } from 'express';
import type { ReadinessProbe } from '../readiness.ts';
import { type Asked, dialectOf } from './asked.ts';
import {
  credentialOf,
  deadlineOf,
  featureHeadersOf,
  idempotencyKeyOf,
  preferencesOf,
  requestIdOf,
  traceparentOf,
} from './call-headers.ts';
import { COMPLETION_ROUTES } from './completion-routes.ts';
import { geminiRoute } from './gemini-routes.ts';
import { watchHalfClosed } from './half-closed.ts';
import { OTHER_ROUTES, otherRequest } from './other-routes.ts';
import { type BodyLimits, readBody } from './read-body.ts';
import { guardRequest } from './request-guard.ts';
import { type StreamLimits, StreamWriter } from './stream-writer.ts';
import { writeError, writeReply } from './write-reply.ts';

export interface DataPlaneOptions {
  readonly service: LlmService;
  /** The configuration's limits of a body, which may change. */
  readonly body: () => BodyLimits;
  /** Whose word in `X-Forwarded-For` is taken. */
  readonly trusts: (address: string) => boolean;
  readonly clock: Clock;
  readonly readiness: ReadinessProbe;
  /** The configuration's words on streams, which may change. */
  readonly streams: () => StreamLimits;
  /** Told of faults of our own. */
  readonly onFault: (call: LlmCall, error: unknown) => void;
}

export interface DataPlane {
  readonly express: Express;
  /** Ends all calls that are under way: the gateway stops. */
  cut(): void;
}

/** The LLM API: it makes a call of each request and sends what the chain answers. It decides nothing. */
export function dataPlane(options: DataPlaneOptions): DataPlane {
  const underWay = new Set<AbortController>();
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('trust proxy', options.trusts);
  app.enable('case sensitive routing');
  app.enable('strict routing');

  const answer = async (
    request: Request,
    response: ServerResponse,
    asked: Asked,
    read: () => RequestMessage | Promise<RequestMessage>,
  ): Promise<void> => {
    const { clock } = options;
    const startedAtMs = clock.monotonic();
    const controller = new AbortController();
    underWay.add(controller);
    const stream = new StreamWriter(response, options.streams());
    const unwatch = watchHalfClosed(request.socket, response, () => stream.comment());
    let deadline: NodeJS.Timeout | undefined;
    let deadlineMs: number | undefined;
    response.on('close', () => {
      unwatch();
      clearTimeout(deadline);
      underWay.delete(controller);
      if (!response.writableFinished) controller.abort(new LlmError('client_closed', 'The client closed the connection.'));
    });
    let preferences: Preferences = { cache: {}, tags: {} };
    let idempotencyKey: string | undefined;
    let message: RequestMessage;
    try {
      guardRequest(request);
      preferences = preferencesOf(request.headers);
      idempotencyKey = idempotencyKeyOf(request.headers);
      const timeoutMs = deadlineOf(request.headers);
      if (timeoutMs !== undefined) {
        const late = () =>
          controller.abort(new LlmError('upstream_timeout', `The call's deadline of ${timeoutMs} ms has passed.`));
        deadline = setTimeout(late, timeoutMs);
        deadlineMs = startedAtMs + timeoutMs;
      }
      message = await read();
    } catch (error) {
      // what is wrong shows when the message is looked at: inside the chain, after the key was checked
      message = unreadableMessage(asLlmError(error));
    }
    const id = randomUUID();
    const traceparent = traceparentOf(request.headers);
    const call: LlmCall = {
      id,
      requestId: requestIdOf(request.headers) ?? id,
      ...(traceparent === undefined ? {} : { traceparent }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      ...featureHeadersOf(request.headers, DIALECTS[asked.dialect].featureHeaders),
      ...asked,
      message,
      credential: credentialOf(request.headers, request.url ?? ''),
      preferences,
      // few keys ask from where they are used, and what stands in front is looked through only then
      clientAddress: () => request.ip ?? '',
      signal: controller.signal,
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
      startedAtMs,
      facts: emptyFacts(),
    };
    if (asked.operation === 'unknown' && call.credential === undefined) {
      // nobody in particular asks for nothing of ours: that is no call
      const error = faultOf(message);
      writeError(response, call, error, clock.monotonic() - startedAtMs);
      return;
    }
    try {
      const reply = await options.service.complete(call);
      // its connection will be closed: what comes on it next would be lost
      if (options.readiness.closing) response.shouldKeepAlive = false;
      writeReply(response, call, reply, clock.monotonic() - startedAtMs, stream);
    } catch (thrown) {
      const error = asLlmError(thrown);
      if (options.readiness.closing) response.shouldKeepAlive = false;
      if (error.code === 'internal_error') options.onFault(call, error.cause);
      writeError(response, call, error, clock.monotonic() - startedAtMs);
    }
  };

  const bodyOf = (request: IncomingMessage, response: ServerResponse): Promise<Buffer> =>
    readBody(request, options.body(), () => response.writeContinue());

  for (const { path, operation, dialect, message } of COMPLETION_ROUTES) {
    const asked = { operation, dialect, route: `POST ${path}` };
    app.post(path, (request, response) =>
      answer(request, response, asked, async () => {
        requireJson(request);
        return message(await bodyOf(request, response));
      }),
    );
  }
  for (const other of OTHER_ROUTES) {
    for (const method of other.methods) {
      const asked: Asked = { operation: 'other', dialect: 'openai-chat', route: `${method} ${other.label}` };
      app[method.toLowerCase() as 'get' | 'post' | 'delete'](other.path, (request, response) =>
        answer(request, response, asked, () => otherRequest(request, other, () => bodyOf(request, response))),
      );
    }
  }
  // some clients leave out `models/` before a name with a slash in it
  for (const path of ['/v1/models/*rest', '/v1beta/models/*rest', '/v1beta/*rest']) {
    app.post(path, (request, response, next) => {
      const rest = (request.params['rest'] as unknown as string[]).join('/');
      const { address, route } = geminiRoute(rest, request) ?? {};
      if (address === undefined || route === undefined) {
        next();
        return;
      }
      const asked = { operation: address.operation, dialect: 'gemini', route } as const;
      return answer(request, response, asked, async () => {
        requireJson(request);
        return new GeminiRequest(address, await bodyOf(request, response));
      });
    });
  }
  for (const version of ['/v1', '/v1beta']) {
    app.get(`${version}/models`, (request, response) => {
      const asked = { operation: 'models', dialect: dialectOf(request), route: `GET ${version}/models` } as const;
      return answer(request, response, asked, () => modelQuestion(''));
    });
    app.get(`${version}/models/*id`, (request, response) => {
      const id = (request.params['id'] as unknown as string[]).join('/');
      const asked = { operation: 'models', dialect: dialectOf(request), route: `GET ${version}/models/{id}` } as const;
      return answer(request, response, asked, () => modelQuestion(id));
    });
  }
  app.get('/livez', (_request, response) => sendText(response, 200, 'ok'));
  app.get('/readyz', (_request, response) => {
    const { ready, text } = options.readiness.get();
    sendText(response, ready ? 200 : 503, text);
  });

  const fixed = [...COMPLETION_ROUTES, ...OTHER_ROUTES].map(({ path }) => path);
  const known = new Set([...fixed, '/v1/models', '/v1beta/models', '/livez', '/readyz']);
  app.use((request, response) => {
    const unknown = (): never => {
      if (known.has(request.path)) throw new LlmError('method_not_allowed', `${request.path} has no method ${request.method}.`);
      throw new LlmError('not_found', 'There is no such route.');
    };
    return answer(request, response, { operation: 'unknown', dialect: dialectOf(request), route: 'unknown' }, unknown);
  });
  // Express itself refuses a path that it cannot decode; anything else that comes here is a fault of ours
  app.use((error: unknown, request: Request, response: ServerResponse, _next: unknown) =>
    answer(request, response, { operation: 'unknown', dialect: dialectOf(request), route: 'unknown' }, () => {
      if (!(error instanceof URIError)) throw error;
      throw new LlmError('invalid_request', 'The path could not be read.', { cause: error });
    }),
  );
  const cut = (): void => {
    const reason = new LlmError('gateway_draining', 'The gateway is being stopped, and this call took too long to wait for.', {
      retryAfterMs: 1_000,
    });
    for (const controller of underWay) controller.abort(reason);
  };
  return { express: app, cut };
}

function faultOf(message: RequestMessage): LlmError {
  try {
    message.view();
  } catch (error) {
    return asLlmError(error);
  }
  return new LlmError('not_found', 'There is no such route.');
}

function requireJson(request: IncomingMessage): void {
  const type = request.headers['content-type'];
  if (type === undefined || !/^application\/json *(;|$)/i.test(type)) {
    throw new LlmError('invalid_request', 'The Content-Type must be application/json.', { param: 'content-type' });
  }
}

/** `GET /v1/models` has no body: the question is in the path. */
function modelQuestion(model: string): RequestMessage {
  const view = { model, stream: false, wantsStreamUsage: false };
  const nothing = Buffer.alloc(0);
  return { bytes: nothing, view: () => view, json: () => ({}), forUpstream: () => nothing };
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain', 'cache-control': 'no-store' });
  response.end(`${text}\n`);
}
