import { type LlmCall, type LlmReply, systemClock } from '@sluice/core';
import { DIALECTS, type UpstreamRequestInfo } from '@sluice/dialects';
import { Completion } from '../answers/completion.ts';
import { LearnedModels } from '../learned-fields.ts';
import { passRequest } from '../pass-request.ts';
import type { ModelProfile } from '../profiles/model-profile.ts';
import { fieldsRefused, holdsState, refusesState, refusesStreamOptions, withoutState } from '../refusal-in-reply.ts';
import { translateRequest } from '../translate-request.ts';
import type { ProviderContext, UpstreamModel } from './provider-context.ts';

/**
 * Sends chat and completion requests. A request in a dialect of the provider passes through unchanged. A request in another
 * dialect is translated, and so is its answer. A request that the provider refuses for a dispensable field is sent once more
 * without it.
 */
export class Chat {
  readonly #context: ProviderContext;
  readonly #learned = new LearnedModels(systemClock.monotonic);

  constructor(context: ProviderContext) {
    this.#context = context;
  }

  /** @param again whether the request is sent a second time, without the fields that the provider refused */
  complete(call: LlmCall, upstreamModel: UpstreamModel, again = false): Promise<LlmReply> {
    const { options, endpoint, transport } = this.#context;
    const { name: model, bodyTimeoutMs } = upstreamModel;
    const dialect = this.#context.dialectFor(call);
    const same = DIALECTS[call.dialect] === dialect;
    const view = call.message.view();
    const { quirks } = options;
    const { operation } = call;
    const info: UpstreamRequestInfo = { operation, model, stream: view.stream, framing: same ? (view.framing ?? 'sse') : 'sse' };
    const path = endpoint.path(info, dialect, options);
    // only OpenAI's dialect has legacy completions
    if (path === undefined || (!same && operation !== 'chat')) return this.#context.unsupported(call);
    const profile = this.#context.profileFor(upstreamModel, dialect);
    const streamUsage = quirks?.reportsStreamUsage !== true && profile.streamOptions;
    const learned = this.#learned.of(model);
    const translation = { to: dialect, model, profile: learned?.profile(profile) ?? profile, quirks, learned };
    const { bytes, restorer } = same ? passRequest(call, { ...translation, streamUsage }) : translateRequest(call, translation);
    const hideUsage = same && streamUsage && view.stream && !view.wantsStreamUsage;
    const { framing } = endpoint;
    const send = (body: Buffer): Promise<LlmReply> =>
      transport.send(call, bodyTimeoutMs, {
        method: 'POST',
        path,
        body: endpoint.body(body, info),
        headers: transport.headers(call, dialect, same),
        passedHeaders: dialect.passedHeaders,
        answer: new Completion({ call, dialect, model, framing, hideUsage, restorer }),
      });
    const sent = async (): Promise<LlmReply> => {
      const reply = await send(bytes);
      const names = again || same ? undefined : fieldsRefused(reply, bytes, dialect.name);
      return names !== undefined && this.#learned.learn(model, names) ? this.complete(call, upstreamModel, true) : reply;
    };
    const added = dialect.name === 'openai-chat' && streamUsage && view.stream && !(same && view.wantsStreamUsage);
    if (added) return sent().then((reply) => this.#withoutStreamOptions(reply, call, upstreamModel, profile));
    if (dialect.name !== 'openai-responses' || !holdsState(bytes)) return same ? send(bytes) : sent();
    // encrypted reasoning of another account is dropped
    return sent().then((reply) => (refusesState(reply) ? send(withoutState(bytes)) : reply));
  }

  /**
   * Sends the request again if the provider refused the `stream_options` that the gateway had added. Later requests to the model
   * are sent without them.
   */
  #withoutStreamOptions(
    reply: LlmReply,
    call: LlmCall,
    model: UpstreamModel,
    profile: ModelProfile,
  ): Promise<LlmReply> | LlmReply {
    if (!refusesStreamOptions(reply)) return reply;
    model.profiles.set('openai-chat', { ...profile, streamOptions: false });
    return this.complete(call, model);
  }
}
