import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import {
  asLlmError,
  type Clock,
  errorTexts,
  type LlmCall,
  LlmError,
  type LlmService,
  newCallContext,
  type Preferences,
  type RequestMessage,
  type Slots,
  unreadableMessage,
} from '@sluice/core';
import { DIALECTS } from '@sluice/dialects';
import type { Request } from 'express';
import type { ReadinessProbe } from '../health/readiness.ts';
import {
  credentialOf,
  deadlineOf,
  featureHeadersOf,
  idempotencyKeyOf,
  preferencesOf,
  requestIdOf,
  traceparentOf,
} from './call-headers.ts';
import { beginEarly } from './early-stream.ts';
import { watchHalfClosed } from './half-closed.ts';
import type { ReplyForm } from './reply-form.ts';
import { guardRequest } from './request-guard.ts';
import type { RouteMatch } from './route-match.ts';
import { ownUploadUrl } from './routes/upload-url.ts';
import { type StreamLimits, StreamWriter } from './stream-writer.ts';
import { writeError, writeReply } from './write-reply.ts';

export interface AnsweringOptions {
  readonly service: LlmService;
  readonly clock: Clock;
  readonly readiness: Pick<ReadinessProbe, 'closing'>;
  /** Returns the current stream settings; a configuration reload may change them. */
  readonly streams: () => StreamLimits;
  /** Called with faults of the gateway itself. */
  readonly onFault: (call: LlmCall, error: unknown) => void;
}

/** Receives the body of a request, if the route has one, and returns the message. */
export type Receive = () => RequestMessage | Promise<RequestMessage>;

/** Answers one request to a route. */
export type Answer = (
  request: Request,
  response: ServerResponse,
  asked: RouteMatch,
  receive: Receive,
  form?: ReplyForm,
) => Promise<void>;

/** reading a message before its body is received is a fault in the order of the layers */
const NOT_RECEIVED = unreadableMessage(new LlmError('internal_error', errorTexts.readBeforeReceived));

/**
 * Creates a call from each request and sends the reply of the layers. The layers receive the body themselves, after the
 * authentication.
 *
 * @param inFlight holds the controller that aborts each call, until its response is closed
 */
export function answering(options: AnsweringOptions, inFlight: Slots<AbortController>): Answer {
  return async (request, response, asked, receive, form) => {
    const startedAtMs = options.clock.monotonic();
    const controller = new AbortController();
    const slot = inFlight.add(controller);
    const stream = new StreamWriter(response, options.streams());
    const unwatch = watchHalfClosed(request.socket, response, () => stream.comment());
    let deadline: NodeJS.Timeout | undefined;
    response.on('close', () => {
      unwatch();
      clearTimeout(deadline);
      inFlight.remove(slot);
      if (!response.writableFinished) controller.abort(new LlmError('client_closed', errorTexts.clientClosed));
    });
    const call = callOf(request, asked, receive, startedAtMs, controller.signal);
    if (call.deadlineMs !== undefined) {
      const timeoutMs = call.deadlineMs - startedAtMs;
      deadline = setTimeout(() => controller.abort(deadlinePassed(timeoutMs)), timeoutMs);
    }
    if (asked.operation === 'unknown' && call.credential === undefined) {
      // a request without a key to an unknown route is not a call
      writeError(response, call, faultOf(call.message), options.clock.monotonic() - startedAtMs);
      return;
    }
    const { headersAfter } = options.streams();
    const headersAfterMs = form === undefined && STREAMED.has(asked.operation) ? headersAfter : undefined;
    await complete(options, call, { request, response, stream, form, headersAfterMs });
  };
}

/** Operations with streamed replies in a dialect's format. */
const STREAMED: ReadonlySet<string> = new Set(['chat', 'completions']);

/** The request and response of a call, and how its reply is written. */
interface Client {
  readonly request: Request;
  readonly response: ServerResponse;
  readonly stream: StreamWriter;
  readonly form: ReplyForm | undefined;
  /** Time after which the response of a stream begins even without a reply; undefined if it waits for the reply. */
  readonly headersAfterMs: number | undefined;
}

async function complete(
  { service, clock, readiness, onFault }: AnsweringOptions,
  call: LlmCall,
  { request, response, stream, form, headersAfterMs }: Client,
): Promise<void> {
  const answered = headersAfterMs === undefined ? undefined : beginEarly(response, call, stream, headersAfterMs);
  try {
    const reply = await service.complete(call).finally(answered);
    // a further request on this connection would be lost
    if (readiness.closing) response.shouldKeepAlive = false;
    const own = call.operation === 'other' ? ownUploadUrl(request, reply) : reply;
    writeReply(response, call, form === undefined ? own : form.reply(own), clock.monotonic() - call.startedAtMs, stream);
  } catch (thrown) {
    const error = asLlmError(thrown);
    if (readiness.closing) response.shouldKeepAlive = false;
    if (error.code === 'internal_error') onFault(call, error.cause);
    if (stream.open) stream.fail(call, error);
    else writeError(response, call, error, clock.monotonic() - call.startedAtMs, form);
  }
}

/** Creates a call from a request. */
export function callOf(request: Request, asked: RouteMatch, receive: Receive, startedAtMs: number, signal: AbortSignal): LlmCall {
  const { headers } = request;
  let preferences: Preferences = { cache: {}, tags: {} };
  let idempotencyKey: string | undefined;
  let timeoutMs: number | undefined;
  let message = NOT_RECEIVED;
  try {
    guardRequest(request);
    preferences = preferencesOf(headers);
    idempotencyKey = idempotencyKeyOf(headers);
    timeoutMs = deadlineOf(headers);
    // an unknown route has no body to receive
    if (asked.operation === 'unknown') void receive(); // throws, or returns nothing to wait for
  } catch (error) {
    // reading the message throws this error, after the authentication
    message = unreadableMessage(asLlmError(error));
  }
  const id = randomUUID();
  return {
    id,
    requestId: requestIdOf(headers) ?? id,
    traceparent: traceparentOf(headers),
    idempotencyKey,
    featureHeaders: featureHeadersOf(headers, DIALECTS[asked.dialect].featureHeaders),
    ...asked,
    message,
    receive: message === NOT_RECEIVED ? async () => receive() : undefined,
    credential: credentialOf(headers, request.url ?? ''),
    preferences,
    // read on demand: only keys that are bound to addresses need the client address behind the proxies
    clientAddress: () => request.ip ?? '',
    signal,
    deadlineMs: timeoutMs === undefined ? undefined : startedAtMs + timeoutMs,
    startedAtMs,
    context: newCallContext(),
  };
}

export function deadlinePassed(timeoutMs: number): LlmError {
  return new LlmError('upstream_timeout', errorTexts.callDeadline(timeoutMs));
}

/** Returns why the message of a request to an unknown route cannot be read. */
function faultOf(message: RequestMessage): LlmError {
  try {
    message.view();
  } catch (error) {
    return asLlmError(error);
  }
  return new LlmError('not_found', errorTexts.unknownRoute(undefined));
}
