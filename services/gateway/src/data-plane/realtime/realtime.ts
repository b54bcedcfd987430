import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  type Abortable,
  asLlmError,
  type CallSignal,
  copyCall,
  errorTexts,
  isStreamed,
  type LlmCall,
  LlmError,
  type LlmReply,
  type RealtimePeer,
  type RequestMessage,
  type Slots,
} from '@sluice/core';
import { messageOfBody } from '@sluice/dialects';
import type { Request } from 'express';
import { type AnsweringOptions, callOf } from '../answering.ts';
import type { CorsSettings } from '../cors.ts';
import { replyHeaders } from '../response-headers.ts';
import { deadlinePassed } from '../served-request.ts';
import { writeError } from '../write-reply.ts';
import { EarlyMessages } from './early-messages.ts';
import { JoinedSession } from './joined-session.ts';
import { closeCodeOf, closeReasonOf } from './session-errors.ts';
import { SessionFigures, type SessionMetrics } from './session-figures.ts';
import { geminiSession, openAiSession, sessionCredential } from './session-request.ts';
import { ownTarget, type SessionRoute, versionIn } from './session-route.ts';
import type { SessionTimes } from './session-timers.ts';
import { Upgrade } from './upgrade.ts';

/** The configuration section `realtime`. */
export interface RealtimeSettings extends SessionTimes {
  readonly enabled: boolean;
  readonly maxSessions: number;
  /** Maximum size of a message in bytes. */
  readonly maxMessage: number;
  readonly setupTimeout: number;
}

export interface RealtimeOptions extends AnsweringOptions {
  /** Returns the current settings; a configuration reload may change them. */
  readonly realtime: () => RealtimeSettings;
  readonly cors: () => CorsSettings;
  readonly metrics: SessionMetrics;
  /** Returns whether a key is still valid; true if this cannot be decided now. */
  readonly isKeyValid: (secret: string) => Promise<boolean>;
}

/** A client that is connecting to a session. */
interface Client {
  readonly request: Request;
  readonly upgrade: Upgrade;
  readonly route: SessionRoute;
  readonly disconnect: () => void;
  /** Set once the client's WebSocket is open. */
  peer: RealtimePeer | undefined;
  early: EarlyMessages | undefined;
  isCounted: boolean;
}

const CLOSE_MS = 5_000;

/** Serves requests for realtime sessions. Each request is one call, which lasts as long as its session. */
export class Realtime {
  readonly #options: RealtimeOptions;
  readonly #inFlight: Slots<Abortable>;
  readonly #upgrades = new WeakMap<IncomingMessage, Upgrade>();
  #sessions = 0;

  /** @param inFlight holds the controllers that abort the calls */
  constructor(options: RealtimeOptions, inFlight: Slots<Abortable>) {
    this.#options = options;
    this.#inFlight = inFlight;
  }

  get isEnabled(): boolean {
    return this.#options.realtime().enabled;
  }

  /** Returns the error for a request that the route does not serve. */
  refusal({ path }: SessionRoute): LlmError {
    if (!this.isEnabled) return new LlmError('not_found', errorTexts.sessionsDisabled);
    return new LlmError('upgrade_required', errorTexts.sessionsNeedWebSocket(path));
  }

  /** Registers an upgrade request and returns the response with which it can be refused. */
  take(request: IncomingMessage, socket: Duplex, head: Buffer): Upgrade['response'] {
    request.url = ownTarget(request.url ?? '');
    const upgrade = new Upgrade(request, socket, head);
    this.#upgrades.set(request, upgrade);
    return upgrade.response;
  }

  /** Returns whether a request is a registered upgrade request. */
  asksFor(request: IncomingMessage): boolean {
    return this.#upgrades.has(request);
  }

  /** Serves an upgrade request until its session has ended. */
  async serve(request: Request, route: SessionRoute): Promise<void> {
    const { service, clock, onFault } = this.#options;
    const startedAtMs = clock.monotonic();
    const controller = new AbortController();
    const upgrade = this.#upgrades.get(request) as Upgrade;
    const disconnect = (): void => controller.abort(new LlmError('client_closed', errorTexts.clientClosed));
    const client: Client = { request, upgrade, route, disconnect, peer: undefined, early: undefined, isCounted: false };
    upgrade.onLeft(disconnect);
    const slot = this.#inFlight.add(controller);
    const call = this.#callOf(client, startedAtMs, controller.signal);
    const timeoutMs = call.deadlineMs === undefined ? undefined : call.deadlineMs - startedAtMs;
    const deadline =
      timeoutMs === undefined ? undefined : setTimeout(() => controller.abort(deadlinePassed(timeoutMs)), timeoutMs);
    try {
      await this.#join(call, client, await service.complete(call));
    } catch (thrown) {
      const error = asLlmError(thrown);
      if (error.code === 'internal_error') onFault(call, error.cause);
      this.#refuse(call, client, error);
    } finally {
      clearTimeout(deadline);
      this.#inFlight.remove(slot);
      if (client.isCounted) this.#sessions--;
    }
  }

  #callOf(client: Client, startedAtMs: number, signal: CallSignal): LlmCall {
    const { request, route } = client;
    const asked = { operation: 'realtime', dialect: route.dialect, route: route.label } as const;
    const receive = (): Promise<RequestMessage> | RequestMessage => this.#receive(client);
    const call = callOf(request, asked, receive, { startedAtMs, signal, addressOf: this.#options.addressOf });
    return copyCall(call, { idempotencyKey: undefined, credential: sessionCredential(request) });
  }

  /** Takes a permit for the session and reads its model. Called after the authentication. @throws LlmError */
  #receive(client: Client): Promise<RequestMessage> | RequestMessage {
    const { request, upgrade, route } = client;
    const { realtime, readiness, cors } = this.#options;
    const { maxSessions, maxMessage, setupTimeout } = realtime();
    upgrade.check();
    checkOrigin(request, cors());
    if (readiness.closing) {
      throw new LlmError('gateway_draining', errorTexts.shutdownReconnect, { retryAfterMs: 1_000 });
    }
    if (this.#sessions >= maxSessions) {
      throw new LlmError('overloaded', errorTexts.tooManySessions, { retryAfterMs: 5_000 });
    }
    this.#sessions++;
    client.isCounted = true;
    if (route.api === 'openai') return openAiSession(request);
    return this.#receiveSetup(client, maxMessage, setupTimeout);
  }

  /**
   * Opens the WebSocket and reads the model from the first message: Gemini's clients send it only once the WebSocket is open.
   */
  async #receiveSetup(client: Client, maxMessage: number, setupTimeout: number): Promise<RequestMessage> {
    client.peer = client.upgrade.open([], maxMessage);
    client.early = new EarlyMessages(client.peer);
    const first = await client.early.first(setupTimeout, client.disconnect);
    return geminiSession(first, versionIn(client.request.path));
  }

  async #join(call: LlmCall, client: Client, reply: LlmReply): Promise<void> {
    const { clock, metrics, realtime, isKeyValid } = this.#options;
    const session = isStreamed(reply) ? reply.session : undefined;
    if (session === undefined || !isStreamed(reply)) {
      this.#refuseWith(call, client, reply);
      return;
    }
    try {
      if (call.signal.aborted) throw asLlmError(call.signal.reason);
      const headers = replyHeaders(call, reply, clock.monotonic() - call.startedAtMs);
      client.peer ??= client.upgrade.open(headers.slice(0, headers.lastIndexOf('content-type')), realtime().maxMessage);
    } catch (error) {
      reply.stream.cancel();
      throw error;
    }
    const { peer, early, route } = client;
    const figures = new SessionFigures(metrics, clock);
    const joined = new JoinedSession({
      ...{ call, api: route.api, client: peer, early, session, times: realtime(), figures },
      isKeyValid: () => isKeyValid(call.credential ?? ''),
    });
    await joined.run();
  }

  /**
   * Refuses a session in the dialect of the route: with an HTTP response, or with a close frame if the client's WebSocket is
   * open.
   */
  #refuse(call: LlmCall, { upgrade, peer }: Client, error: LlmError): void {
    if (peer === undefined) writeError(upgrade.response, call, error, this.#options.clock.monotonic() - call.startedAtMs);
    else peer.close(closeCodeOf(error), closeReasonOf(error), CLOSE_MS);
  }

  /** Forwards a provider's own error. */
  #refuseWith(call: LlmCall, { upgrade, peer }: Client, reply: LlmReply): void {
    if ('stream' in reply) {
      reply.stream.cancel();
      return;
    }
    if (peer === undefined) {
      upgrade.response.writeHead(reply.status, replyHeaders(call, reply, this.#options.clock.monotonic() - call.startedAtMs));
      upgrade.response.end(reply.body);
      return;
    }
    const message = messageOfBody(Buffer.from(reply.body).toString('utf8')) ?? errorTexts.sessionRefusedByProvider;
    peer.close(1008, message, CLOSE_MS);
  }
}

/** Checks the page's origin, because a browser sends no preflight for a WebSocket. @throws LlmError `address_not_allowed` */
function checkOrigin({ headers: { origin } }: IncomingMessage, { origins }: CorsSettings): void {
  if (origin === undefined || origins.length === 0 || origins.includes('*') || origins.includes(origin)) return;
  throw new LlmError('address_not_allowed', errorTexts.sessionOrigin);
}
