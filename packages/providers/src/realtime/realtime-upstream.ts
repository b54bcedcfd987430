import {
  abortSignalOf,
  asLlmError,
  type CallSignal,
  type LlmCall,
  type LlmError,
  type LlmReply,
  type RealtimeRequest,
} from '@sluice/core';
import { WebSocket } from 'ws';
import { AnswerHead } from '../answer-head.ts';
import type { BaseAddress } from '../connections/base-address.ts';
import type { ClientTls } from '../connections/client-tls.ts';
import type { ForwardProxy } from '../connections/forward-proxy.ts';
import type { Credentials } from '../credentials/credentials.ts';
import type { Redaction } from '../redaction.ts';
import { brokenBefore } from '../upstream-error.ts';
import { wholeAnswer } from '../whole-answer.ts';
import { GeminiReader } from './gemini-reader.ts';
import { HANDSHAKE_ANSWER } from './handshake-answer.ts';
import { openSocket } from './open-socket.ts';
import { OpenAiReader } from './openai-reader.ts';
import { type SessionAddress, sessionAddress } from './session-address.ts';
import { UpstreamSession } from './upstream-session.ts';
import { WebSocketPeer } from './web-socket-peer.ts';

export interface RealtimeUpstreamOptions {
  /** The provider's name, for messages. */
  readonly provider: string;
  /** Its name in the catalog. */
  readonly kind: string;
  readonly address: BaseAddress;
  readonly credentials: Credentials;
  readonly headers: readonly string[];
  readonly apiVersion: string | undefined;
  readonly tls: ClientTls | undefined;
  readonly proxy: ForwardProxy | undefined;
  readonly connectTimeoutMs: number;
  /** Maximum size of a provider's message. A longer one ends the session. */
  readonly maxMessageBytes: number;
  readonly redaction: (credentials: readonly string[]) => Redaction;
}

/** Time limit of the handshake after the connection. A target's own timeout may be shorter. */
const HANDSHAKE_MS = 15_000;
const REFUSAL_BYTES = 64 * 1024;

/** Opens realtime sessions at a provider: a WebSocket with the provider's own credentials and connection settings. */
export class RealtimeUpstream {
  readonly #options: RealtimeUpstreamOptions;

  constructor(options: RealtimeUpstreamOptions) {
    this.#options = options;
  }

  /**
   * Opens a session for a call.
   *
   * @throws LlmError if the provider is unreachable, or refuses for a reason that does not concern the caller
   */
  async open(call: LlmCall, model: string, request: RealtimeRequest): Promise<LlmReply> {
    const { provider, kind, address, apiVersion, credentials } = this.#options;
    const at = sessionAddress(address, kind, model, request, apiVersion);
    const { origin } = address;
    const shown = await credentials.headers({ method: 'GET', origin, path: at.path, body: Buffer.alloc(0) });
    const redaction = (): Redaction => this.#options.redaction(shown);
    try {
      const opened = await this.#connect(call, at, request, shown);
      return opened instanceof WebSocket
        ? this.#session(call, model, at, request, opened, redaction)
        : refused(opened, provider, redaction);
    } catch (error) {
      if (call.signal.aborted) throw asLlmError(call.signal.reason);
      throw isLlmError(error) ? error : brokenBefore(provider, error as Error);
    }
  }

  #session(
    { message }: LlmCall,
    model: string,
    at: SessionAddress,
    { api }: RealtimeRequest,
    socket: WebSocket,
    redaction: () => Redaction,
  ): LlmReply {
    const peer = new WebSocketPeer(socket);
    const named = { caller: message.view().model, provider: at.modelPrefix + model };
    const gemini = api === 'gemini' ? new GeminiReader(named) : undefined;
    const reader = gemini ?? new OpenAiReader(named, redaction);
    const session = new UpstreamSession({ peer, reader, redaction, onEnd: () => gemini?.finish() });
    return { status: 101, contentType: '', headers: {}, stream: session.stream, session };
  }

  /** Makes the handshake. Returns the refusal if the provider does not open a WebSocket. */
  async #connect(
    call: LlmCall,
    at: SessionAddress,
    request: RealtimeRequest,
    shown: readonly string[],
  ): Promise<WebSocket | Refusal> {
    const { address, connectTimeoutMs, tls, proxy, maxMessageBytes } = this.#options;
    const { signal, traceparent } = call;
    const socket = await openSocket(new URL(address.origin), { connectTimeoutMs, tls, proxy, signal: abortSignalOf(signal) });
    const trace = traceparent === undefined ? [] : ['traceparent', traceparent];
    const headers = pairs([...this.#options.headers, ...request.headers, ...trace, ...shown]);
    const webSocket = new WebSocket(address.origin.replace(/^http/, 'ws') + at.path, [], {
      createConnection: () => socket,
      headers: { 'user-agent': 'sluice', ...headers },
      perMessageDeflate: false,
      followRedirects: false,
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: maxMessageBytes,
    });
    return await handshake(webSocket, signal);
  }
}

interface Refusal {
  readonly head: AnswerHead;
  readonly body: Buffer;
}

function handshake(webSocket: WebSocket, signal: CallSignal): Promise<WebSocket | Refusal> {
  return new Promise((resolve, reject) => {
    const abort = (): void => webSocket.terminate();
    signal.addEventListener('abort', abort, { once: true });
    const settled = (): void => signal.removeEventListener('abort', abort);
    webSocket.on('error', (error) => {
      settled();
      reject(error);
    });
    webSocket.once('open', () => {
      settled();
      // the first message may arrive before the client's connection is open
      webSocket.pause();
      resolve(webSocket);
    });
    webSocket.once('unexpected-response', (request, response) => {
      settled();
      const chunks: Buffer[] = [];
      let length = 0;
      const end = (): void => {
        request.destroy();
        resolve({ head: new AnswerHead(response.statusCode ?? 0, response.headers), body: Buffer.concat(chunks) });
      };
      response.setTimeout(HANDSHAKE_MS, end);
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > REFUSAL_BYTES) end();
      });
      response.on('end', end);
      response.on('error', end);
    });
    if (signal.aborted) abort();
  });
}

/** @throws LlmError for a refusal that the caller must not see */
function refused({ head, body }: Refusal, provider: string, redaction: () => Redaction): LlmReply {
  return wholeAnswer({ provider, answer: HANDSHAKE_ANSWER, passedHeaders: ['retry-after'] }, head, body, redaction);
}

const isLlmError = (error: unknown): error is LlmError => error instanceof Error && error.name === 'LlmError';

function pairs(list: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let n = 0; n + 1 < list.length; n += 2) headers[(list[n] as string).toLowerCase()] = list[n + 1] as string;
  return headers;
}
