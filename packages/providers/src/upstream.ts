import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LlmCall, LlmReply, LlmService } from '@sluice/core';
import { isLarge } from '@sluice/dialects';
import { RealtimeUpstream } from './realtime/realtime-upstream.ts';
import { unreadOutgoing } from './unread-request.ts';
import { Chat } from './upstream/chat.ts';
import { countTokens } from './upstream/count-tokens.ts';
import { embed } from './upstream/embed.ts';
import { ProviderContext, type UpstreamModel } from './upstream/provider-context.ts';
import { traceHeaders } from './upstream/transport.ts';
import { CONNECT_TIMEOUT_MS, MAX_EVENT_BYTES, type ModelOptions, type UpstreamOptions } from './upstream/upstream-options.ts';

/**
 * A provider over HTTP. Bytes of a caller with the same dialect pass through unchanged; requests and answers of other dialects
 * are translated.
 */
export class Upstream {
  readonly #context: ProviderContext;
  readonly #chat: Chat;
  #sessions: RealtimeUpstream | undefined;

  constructor(options: UpstreamOptions) {
    this.#context = new ProviderContext(options);
    this.#chat = new Chat(this.#context);
  }

  /** Returns the service of a model of this provider. */
  model(name: string, { idleTimeoutMs, profile: override }: ModelOptions = {}): LlmService {
    const model: UpstreamModel = { name, override, profiles: new Map(), bodyTimeoutMs: idleTimeoutMs };
    return {
      // async, so that an invalid request rejects and never throws
      complete: async (call) => {
        // a translation takes as long as the parse before it
        if (isLarge(call.message.bytes)) await nextTurn();
        return this.#complete(call, model);
      },
    };
  }

  /** Checks that the provider responds; a refusal is a response. @throws Error */
  check(below: string, timeoutMs: number): Promise<void> {
    return this.#context.transport.check(below, timeoutMs);
  }

  /** Closes the connections after the calls in flight. */
  close(): Promise<void> {
    return this.#context.transport.close();
  }

  /** Closes the connections at once. */
  destroy(): Promise<void> {
    return this.#context.transport.destroy();
  }

  #complete(call: LlmCall, model: UpstreamModel): Promise<LlmReply> | LlmReply {
    switch (call.operation) {
      case 'embeddings':
        return embed(this.#context, call, model);
      case 'count_tokens':
        return countTokens(this.#context, call, model);
      case 'other':
        return this.#other(call, model);
      case 'realtime':
        return this.#realtime(call, model);
      default:
        return this.#chat.complete(call, model);
    }
  }

  /** Sends a request of a passthrough route. Only the model's name in a JSON body is replaced. */
  #other(call: LlmCall, { name, bodyTimeoutMs }: UpstreamModel): Promise<LlmReply> {
    const { options, transport } = this.#context;
    const outgoing = unreadOutgoing(call, name, options) ?? this.#context.unsupported(call);
    return transport.send(call, bodyTimeoutMs, {
      ...outgoing,
      base: outgoing.besideEmbeddings ? transport.embeddingsBase : transport.base,
      headers: [...transport.commonHeaders, ...outgoing.headers, ...traceHeaders(call.traceparent)],
    });
  }

  #realtime(call: LlmCall, { name }: UpstreamModel): Promise<LlmReply> {
    const { options, transport } = this.#context;
    const request = call.message.realtime ?? this.#context.unsupported(call);
    const { provider, kind = provider, credentials, apiVersion, tls, connectTimeoutMs = CONNECT_TIMEOUT_MS } = options;
    const { maxEventBytes: maxMessageBytes = MAX_EVENT_BYTES, proxyOf } = options;
    const { address } = transport.base;
    this.#sessions ??= new RealtimeUpstream({
      ...{ provider, kind, address, credentials, apiVersion, tls, connectTimeoutMs, maxMessageBytes },
      headers: transport.commonHeaders,
      proxy: proxyOf?.(address.origin),
      redaction: (shown) => transport.redaction(shown, transport.base),
    });
    return this.#sessions.open(call, name, request);
  }
}
