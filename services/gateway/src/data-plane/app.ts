import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Abortable, errorTexts, LlmError, type Slots } from '@sluice/core';
import express, { type Express, type Request } from 'express';
import type { ReadinessProbe } from '../health/readiness.ts';
import { type AnsweringOptions, answering } from './answering.ts';
import { answerCors, type CorsSettings } from './cors.ts';
import { mountCompletions } from './mounts/completions.ts';
import { answerFault, mountFallback } from './mounts/fallback.ts';
import { mountModels } from './mounts/models.ts';
import { mountPassThrough } from './mounts/pass-through.ts';
import { mountResponses } from './mounts/responses.ts';
import type { RouteContext } from './mounts/route-context.ts';
import { mountSessions } from './mounts/sessions.ts';
import { servedTarget } from './path-aliases.ts';
import { type BodyLimits, readBody } from './read-body.ts';
import { Realtime, type RealtimeOptions } from './realtime/realtime.ts';
import { isSessionTarget } from './realtime/session-route.ts';
import { canonicalTarget } from './request-path.ts';
import type { UnfinishedBodies } from './unfinished-bodies.ts';

export interface DataPlaneOptions
  extends Omit<AnsweringOptions, 'addressOf'>,
    Pick<RealtimeOptions, 'realtime' | 'metrics' | 'isKeyValid'> {
  /** Returns the current body limits; a configuration reload may change them. */
  readonly body: () => BodyLimits;
  readonly unfinished: UnfinishedBodies;
  /** Returns the current CORS origins; a configuration reload may change them. */
  readonly cors: () => CorsSettings;
  /** Returns whether `X-Forwarded-For` from this address is trusted. */
  readonly trusts: (address: string) => boolean;
  readonly readiness: ReadinessProbe;
  /** The calls in flight: what aborts each of them. */
  readonly inFlight: Slots<Abortable>;
}

export interface DataPlane {
  /** Answers a request. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  /**
   * Returns whether an upgrade request asks for a realtime session. Any other upgrade request is answered as a plain request.
   */
  mayUpgrade(request: IncomingMessage): boolean;
  /** Handles an upgrade request for a realtime session. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Aborts all calls in flight because the gateway shuts down. */
  abortInFlight(): void;
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

  const addressOf = clientAddress(app);
  const realtime = new Realtime({ ...options, addressOf }, inFlight);
  const context: RouteContext = {
    app,
    direct: new Map(),
    answer: answering({ ...options, addressOf }, inFlight),
    body: (request, response) => readBody(request, options.body(), options.unfinished, () => response.writeContinue()),
  };
  mountCompletions(context);
  mountResponses(context);
  mountSessions(context, realtime);
  mountModels(context);
  mountPassThrough(context, () => options.body());
  mountFallback(context, options.readiness);

  return {
    handle: directly(context),
    mayUpgrade({ method, headers, url = '' }) {
      return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && isSessionTarget(url);
    },
    upgrade(request, socket, head) {
      app(request, realtime.take(request, socket, head));
    },
    abortInFlight: () => abortAll(inFlight),
  };
}

function abortAll(inFlight: Slots<Abortable>): void {
  const reason = new LlmError('gateway_draining', errorTexts.shutdownDeadline, {
    retryAfterMs: 1_000,
  });
  for (const controller of inFlight.all()) controller.abort(reason);
}

/**
 * Answers requests to the routes of fixed paths without Express, whose routing costs more than that of the whole chain. Their
 * paths are canonical, and no alias of another path. Any other request, and one of a page of another origin, goes to Express.
 */
function directly({ app, direct, answer }: RouteContext): DataPlane['handle'] {
  return (request, response) => {
    const { method, url = '', headers } = request;
    const route = method === 'POST' && headers.origin === undefined ? direct.get(url) : undefined;
    if (route === undefined) app(request, response);
    else route(request, response).catch((error: unknown) => answerFault(answer, request, response, error));
  };
}

/** Returns a function that computes the address of a client behind trusted proxies, with Express' `trust proxy`. */
function clientAddress(app: Express): (request: IncomingMessage) => string {
  return (request) => {
    // a request of a direct route becomes one of Express when its address is needed: few keys are bound to addresses
    if (!('ip' in request)) Object.setPrototypeOf(request, app.request);
    return (request as Request).ip ?? '';
  };
}

/** Returns the canonical target for routing. An invalid target is returned unchanged; the call refuses it later. */
function routedTarget(target: string): string {
  try {
    return servedTarget(canonicalTarget(target));
  } catch {
    return target;
  }
}
