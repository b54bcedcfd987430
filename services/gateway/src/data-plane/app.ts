import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { LlmError, type RequestMessage, type Slots } from '@sluice/core';
import { GeminiRequest } from '@sluice/dialects';
import express, { type Express, type Request } from 'express';
import type { ReadinessProbe } from '../health/readiness.ts';
import { VERSION } from '../version.ts';
import { type AnsweringOptions, answering } from './answering.ts';
import { type Asked, dialectOf } from './asked.ts';
import { COMPACTION_PATH, CompactionForm } from './compaction-form.ts';
import { COMPLETION_ROUTES } from './completion-routes.ts';
import { answerCors, type CorsSettings } from './cors.ts';
import { withModel } from './deployment-request.ts';
import { geminiRoute } from './gemini-routes.ts';
import { OLLAMA_ROUTES, OllamaExchange, TAGS } from './ollama-routes.ts';
import { servedTarget } from './path-aliases.ts';
import { type BodyLimits, readBody } from './read-body.ts';
import { Realtime, type RealtimeOptions } from './realtime/realtime.ts';
import { isSessionTarget, SESSION_ROUTES } from './realtime/session-route.ts';
import { canonicalTarget } from './request-path.ts';
import { apiOf } from './routes/api-of.ts';
import { matchDeployment } from './routes/deployment-path.ts';
import { otherRequest } from './routes/other-request.ts';
import { DIALECT_OF } from './routes/other-route.ts';
import { matchRoute } from './routes/route-table.ts';
import { STORED_ROUTES, storedRequest } from './stored-routes.ts';
import type { UnfinishedBodies } from './unfinished-bodies.ts';
import { unknownRoute } from './unknown-route.ts';

export interface DataPlaneOptions extends AnsweringOptions, Pick<RealtimeOptions, 'realtime' | 'metrics' | 'isKeyValid'> {
  /** Returns the current body limits; a configuration reload may change them. */
  readonly body: () => BodyLimits;
  readonly unfinished: UnfinishedBodies;
  /** Returns the current CORS origins; a configuration reload may change them. */
  readonly cors: () => CorsSettings;
  /** Returns whether `X-Forwarded-For` from this address is trusted. */
  readonly trusts: (address: string) => boolean;
  readonly readiness: ReadinessProbe;
  /** The calls in flight: what aborts each of them. */
  readonly inFlight: Slots<AbortController>;
}

export interface DataPlane {
  readonly express: Express;
  /**
   * Returns whether an upgrade request asks for a realtime session. Any other upgrade request is answered as a plain request.
   */
  mayUpgrade(request: IncomingMessage): boolean;
  /** Handles an upgrade request for a realtime session. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Aborts all calls in flight because the gateway shuts down. */
  cut(): void;
}

/**
 * Creates the LLM API: it creates a call from each request and sends the reply of the layers. All decisions are made in the
 * layers.
 */
export function dataPlane(options: DataPlaneOptions): DataPlane {
  const { inFlight } = options;
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('trust proxy', options.trusts);
  app.enable('case sensitive routing');
  app.enable('strict routing');

  app.use((request, response, next) => {
    request.url = routedTarget(request.url);
    if (!answerCors(request, response, options.cors())) next();
  });

  const answer = answering(options, inFlight);
  const realtime = new Realtime(options, inFlight);
  const bodyOf = (request: IncomingMessage, response: ServerResponse): Promise<Buffer> =>
    readBody(request, options.body(), options.unfinished, () => response.writeContinue());

  for (const { path, operation, dialect, message } of COMPLETION_ROUTES) {
    const asked = { operation, dialect, route: `POST ${path}` };
    app.post(path, (request, response) =>
      answer(request, response, asked, async () => {
        requireJson(request);
        return message(await bodyOf(request, response));
      }),
    );
    if (dialect !== 'openai-chat') continue;
    // Azure's clients send the model in the path; a key's `routes` name the same route
    app.post(path.replace('/v1/', '/openai/deployments/:model/'), (request, response) =>
      answer(request, response, asked, async () => {
        requireJson(request);
        return message(withModel(await bodyOf(request, response), request.params['model'] as string));
      }),
    );
  }
  for (const route of OLLAMA_ROUTES) {
    const { path, operation } = route;
    app.post(path, (request, response) => {
      const exchange = new OllamaExchange(route);
      const asked: Asked = { operation, dialect: 'openai-chat', route: `POST ${path}` };
      // curl sends Ollama's own examples as a form, so the content type is not checked
      return answer(request, response, asked, async () => exchange.request(await bodyOf(request, response)), exchange);
    });
  }
  app.post(COMPACTION_PATH, (request, response) => {
    const form = new CompactionForm();
    const asked = { operation: 'chat', dialect: 'openai-responses', route: `POST ${COMPACTION_PATH}` } as const;
    const receive = async (): Promise<RequestMessage> => {
      requireJson(request);
      return form.request(await bodyOf(request, response));
    };
    return answer(request, response, asked, receive, form);
  });
  // Codex tries a WebSocket first, and only this status makes it fall back to HTTP at once
  app.get('/v1/responses', (request, response, next) => {
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') return next();
    response.shouldKeepAlive = false;
    const asked: Asked = { operation: 'unknown', dialect: 'openai-responses', route: 'GET /v1/responses' };
    return answer(request, response, asked, () => {
      throw new LlmError('upgrade_required', 'Responses are not served over WebSockets. Use POST /v1/responses over HTTP.');
    });
  });
  for (const { method, path, label } of STORED_ROUTES) {
    const asked: Asked = { operation: 'stored', dialect: 'openai-responses', route: `${method} ${label}` };
    app[method.toLowerCase() as 'get' | 'post' | 'delete'](path, (request, response) =>
      answer(request, response, asked, async () => storedRequest(request, await bodyOf(request, response))),
    );
  }
  for (const route of SESSION_ROUTES) {
    app.get(route.pattern, (request, response) => {
      if (realtime.isEnabled && realtime.asksFor(request)) return realtime.serve(request, route);
      if (realtime.isEnabled) response.setHeader('upgrade', 'websocket');
      return answer(request, response, { operation: 'unknown', dialect: route.dialect, route: route.label }, () => {
        throw realtime.refusal(route);
      });
    });
  }
  app.get('/api/tags', (request, response) => {
    const asked: Asked = { operation: 'models', dialect: 'openai-chat', route: 'GET /api/tags' };
    return answer(request, response, asked, () => modelQuestion(''), TAGS);
  });
  app.get('/api/version', (_request, response) => sendJson(response, { version: VERSION }));
  // some clients omit `models/` before a name with a slash
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
  app.use((request, response, next) => {
    const { method, path } = request;
    const match = matchRoute(method, path, apiOf(request)) ?? matchDeployment(method, path);
    if (match === undefined) {
      next();
      return;
    }
    const { route } = match;
    const asked: Asked = { operation: 'other', dialect: DIALECT_OF[route.api], route: `${route.method} ${route.path}` };
    return answer(request, response, asked, () =>
      otherRequest(request, match, {
        hold: () => bodyOf(request, response),
        goOn: () => response.writeContinue(),
        timeoutMs: options.body().bodyTimeout,
      }),
    );
  });
  app.get('/', (_request, response) => sendJson(response, { name: 'sluice', version: VERSION, docs: DOCS }));
  app.get('/livez', (_request, response) => sendText(response, 200, 'ok'));
  app.get('/readyz', (_request, response) => {
    const { ready, text } = options.readiness.get();
    sendText(response, ready ? 200 : 503, text);
  });

  app.use((request, response) =>
    answer(request, response, { operation: 'unknown', dialect: dialectOf(request), route: 'unknown' }, () => {
      throw unknownRoute(request, request.path);
    }),
  );
  // Express itself throws a URIError for a path that it cannot decode; any other error here is a fault of the gateway
  app.use((error: unknown, request: Request, response: ServerResponse, _next: unknown) =>
    answer(request, response, { operation: 'unknown', dialect: dialectOf(request), route: 'unknown' }, () => {
      if (!(error instanceof URIError)) throw error;
      throw new LlmError('invalid_request', 'The path is not validly encoded.', { cause: error });
    }),
  );
  const cut = (): void => {
    const reason = new LlmError('gateway_draining', 'The gateway is shutting down, and this call did not finish in time.', {
      retryAfterMs: 1_000,
    });
    for (const controller of inFlight.all()) controller.abort(reason);
  };
  return {
    express: app,
    mayUpgrade({ method, headers, url = '' }) {
      return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && isSessionTarget(url);
    },
    upgrade(request, socket, head) {
      app(request, realtime.take(request, socket, head));
    },
    cut,
  };
}

/** File in the repository that documents the routes. */
const DOCS = 'docs/api.md';

/** Returns the canonical target for routing. An invalid target is returned unchanged; the call refuses it later. */
function routedTarget(target: string): string {
  try {
    return servedTarget(canonicalTarget(target));
  } catch {
    return target;
  }
}

function requireJson(request: IncomingMessage): void {
  const type = request.headers['content-type'];
  if (type === undefined || !/^application\/json *(;|$)/i.test(type)) {
    throw new LlmError('invalid_request', 'The Content-Type must be application/json.', { param: 'content-type' });
  }
}

/** Returns a message without a body: the path of `GET /v1/models` contains the whole request. */
function modelQuestion(model: string): RequestMessage {
  const view = { model, stream: false, wantsStreamUsage: false };
  const nothing = Buffer.alloc(0);
  return { bytes: nothing, view: () => view, json: () => ({}), forUpstream: () => nothing };
}

function sendJson(response: ServerResponse, value: object): void {
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(value));
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain', 'cache-control': 'no-store' });
  response.end(`${text}\n`);
}
