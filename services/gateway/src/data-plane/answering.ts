import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type Abortable,
  asLlmError,
  type CallSignal,
  type Clock,
  errorTexts,
  type LlmCall,
  LlmError,
  type LlmReply,
  type LlmService,
  newCallContext,
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
  NO_PREFERENCES,
  preferencesOf,
  requestIdOf,
  traceparentOf,
} from './call-headers.ts';
import { beginEarly } from './early-stream.ts';
import type { ReplyForm } from './reply-form.ts';
import { guardRequest } from './request-guard.ts';
import type { RouteMatch } from './route-match.ts';
import { ownUploadUrl } from './routes/upload-url.ts';
import { ServedRequest } from './served-request.ts';
import type { StreamLimits } from './stream-writer.ts';
import { writeError, writeReply } from './write-reply.ts';

export interface AnsweringOptions {
  readonly service: LlmService;
  readonly clock: Clock;
  readonly readiness: Pick<ReadinessProbe, 'closing'>;
  /** Returns the current stream settings; a configuration reload may change them. */
  readonly streams: () => StreamLimits;
  /** Returns the address of the client behind trusted proxies. */
  readonly addressOf: (request: IncomingMessage) => string;
  /** Called with faults of the gateway itself. */
  readonly onFault: (call: LlmCall, error: unknown) => void;
}

/** Receives the body of a request, if the route has one, and returns the message. */
export type Receive = () => RequestMessage | Promise<RequestMessage>;

/** Answers one request to a route. */
export type Answer = (
  request: IncomingMessage,
  response: ServerResponse,
  asked: RouteMatch,
  receive: Receive,
  form?: ReplyForm,
) => Promise<void>;

/** reading a message before its body is received is a fault in the order of the layers */
const NOT_RECEIVED = unreadableMessage(new LlmError('internal_error', errorTexts.readBeforeReceived));

/** Operations with streamed replies in a dialect's format. */
const STREAMED: ReadonlySet<string> = new Set(['chat', 'completions']);

/**
 * Creates a call from each request and sends the reply of the layers. The layers receive the body themselves, after the
 * authentication.
 *
 * @param inFlight holds what aborts each call, until its response is closed
 */
export function answering(options: AnsweringOptions, inFlight: Slots<Abortable>): Answer {
  const { service, clock, streams, addressOf } = options;
  return async (request, response, asked, receive, form) => {
    const startedAtMs = clock.monotonic();
    const served = new ServedRequest(request, response, inFlight, streams);
    const call = callOf(request, asked, receive, { startedAtMs, signal: served.abort, addressOf });
    if (call.deadlineMs !== undefined) served.abortAfter(call.deadlineMs - startedAtMs);
    if (asked.operation === 'unknown' && call.credential === undefined) {
      // a request without a key to an unknown route is not a call
      writeError(response, call, faultOf(call.message), clock.monotonic() - startedAtMs);
      return;
    }
    const { headersAfter } = streams();
    const beginsEarly = headersAfter !== undefined && form === undefined && STREAMED.has(asked.operation);
    const cancelEarly = beginsEarly ? beginEarly(response, call, served.stream, headersAfter) : undefined;
    try {
      const reply = await service.complete(call);
      cancelEarly?.();
      sendReply(options, served, call, reply, form);
    } catch (thrown) {
      cancelEarly?.();
      sendFailure(options, served, call, asLlmError(thrown), form);
    }
  };
}

function sendReply(
  { clock, readiness }: AnsweringOptions,
  served: ServedRequest,
  call: LlmCall,
  reply: LlmReply,
  form: ReplyForm | undefined,
): void {
  // a further request on this connection would be lost
  if (readiness.closing) served.response.shouldKeepAlive = false;
  // Express has routed all calls of other operations
  const own = call.operation === 'other' ? ownUploadUrl(served.request as Request, reply) : reply;
  writeReply(served, call, form === undefined ? own : form.reply(own), clock.monotonic() - call.startedAtMs);
}

function sendFailure(
  { clock, readiness, onFault }: AnsweringOptions,
  served: ServedRequest,
  call: LlmCall,
  error: LlmError,
  form: ReplyForm | undefined,
): void {
  if (readiness.closing) served.response.shouldKeepAlive = false;
  if (error.code === 'internal_error') onFault(call, error.cause);
  if (served.isStreaming) served.stream.fail(call, error);
  else writeError(served.response, call, error, clock.monotonic() - call.startedAtMs, form);
}

/** What a call is created with, besides its request. */
export interface Arrival {
  readonly startedAtMs: number;
  readonly signal: CallSignal;
  /** Returns the address of the client behind trusted proxies. */
  readonly addressOf: (request: IncomingMessage) => string;
}

/** Creates a call from a request. */
export function callOf(request: IncomingMessage, asked: RouteMatch, receive: Receive, arrival: Arrival): LlmCall {
  const { headers } = request;
  const { startedAtMs, signal, addressOf } = arrival;
  let preferences = NO_PREFERENCES;
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
  const { operation, dialect, route } = asked;
  const id = randomUUID();
  return {
    id,
    requestId: requestIdOf(headers) ?? id,
    traceparent: traceparentOf(headers),
    idempotencyKey,
    featureHeaders: featureHeadersOf(headers, DIALECTS[dialect].featureHeaders),
    operation,
    dialect,
    route,
    message,
    receive: message === NOT_RECEIVED ? receive : undefined,
    credential: credentialOf(headers, request.url ?? ''),
    preferences,
    // read on demand: only keys that are bound to addresses need the client address behind the proxies
    clientAddress: () => addressOf(request),
    signal,
    deadlineMs: timeoutMs === undefined ? undefined : startedAtMs + timeoutMs,
    startedAtMs,
    context: newCallContext(),
  };
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
