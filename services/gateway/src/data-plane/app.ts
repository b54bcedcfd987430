import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorTexts, LlmError, type Slots } from '@sluice/core';
import express, { type Express } from 'express';
import type { ReadinessProbe } from '../health/readiness.ts';
import { type AnsweringOptions, answering } from './answering.ts';
import { answerCors, type CorsSettings } from './cors.ts';
import { mountCompletions } from './mounts/completions.ts';
import { mountFallback } from './mounts/fallback.ts';
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

  const realtime = new Realtime(options, inFlight);
  const context: RouteContext = {
    app,
    answer: answering(options, inFlight),
    body: (request, response) => readBody(request, options.body(), options.unfinished, () => response.writeContinue()),
  };
  mountCompletions(context);
  mountResponses(context);
  mountSessions(context, realtime);
  mountModels(context);
  mountPassThrough(context, () => options.body());
  mountFallback(context, options.readiness);

  return {
    express: app,
    mayUpgrade({ method, headers, url = '' }) {
      return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && isSessionTarget(url);
    },
    upgrade(request, socket, head) {
      app(request, realtime.take(request, socket, head));
    },
    abortInFlight: () => abortAll(inFlight),
  };
}

function abortAll(inFlight: Slots<AbortController>): void {
  const reason = new LlmError('gateway_draining', errorTexts.shutdownDeadline, {
    retryAfterMs: 1_000,
  });
  for (const controller of inFlight.all()) controller.abort(reason);
}

/** Returns the canonical target for routing. An invalid target is returned unchanged; the call refuses it later. */
function routedTarget(target: string): string {
  try {
    return servedTarget(canonicalTarget(target));
  } catch {
    return target;
  }
}
