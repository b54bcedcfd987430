import { isStreamed, type LlmCall, LlmError, type LlmProxy, type LlmReply, type LlmService, PerCall } from '@sluice/core';
import { responsesRequest } from '@sluice/dialects';
import { inputItems } from './conversation-input.ts';
import { finalResponse } from './final-response.ts';
import { isJson, type Json } from './record.ts';
import { References } from './references.ts';
import type { ResponseArchive } from './response-archive.ts';
import { answerAbout } from './response-routes.ts';

export interface StoredResponsesOptions {
  readonly archive: ResponseArchive;
  /** Longer answers are not kept, in bytes. */
  readonly maxBytes: number;
  /** Returns the providers that may answer a model, and whether each speaks the Responses API itself. */
  readonly providersOf: (model: string) => readonly { readonly name: string; readonly isNative: boolean }[];
  /** Counts a call that no provider answers as a request. @throws LlmError where the limit is reached */
  readonly countRequest: (call: LlmCall) => Promise<void>;
}

export interface StoredResponseLayers {
  /** Replaces references by the items themselves. It stands before the layers that estimate, reserve and cache. */
  readonly history: LlmProxy;
  /** Keeps answers, and serves the routes about them. It stands behind the check of what the key may use. */
  readonly keeping: LlmProxy;
}

/** What a request adds to a conversation. */
interface Turn {
  readonly input: readonly Json[];
  readonly ancestors: readonly string[];
}

/** Only a request that has one of these refers to earlier answers. */
const REFERENCES = ['"previous_response_id"', '"item_reference"'];

/**
 * Makes the Responses API stateful for every provider: answers are kept under their tenant, and a request may refer to them.
 *
 * A request that only the provider of the earlier answer can answer goes there as it is, because that provider also has its hidden reasoning.
 *
 * @throws LlmError `invalid_request` for an id that is not the tenant's, `not_found`, `responses_unavailable`
 */
export function storedResponses(options: StoredResponsesOptions): StoredResponseLayers {
  const conversations = new Conversations(options);
  return {
    history: (next) => ({
      complete: (call) => (refersBack(call) ? conversations.resolve(call, next) : next.complete(call)),
    }),
    keeping: (next) => ({
      complete(call) {
        if (call.operation === 'stored') return conversations.serve(call, next);
        return isKept(call) ? conversations.keep(call, next) : next.complete(call);
      },
    }),
  };
}

/** Refuses the routes about stored responses where none are kept. @throws LlmError `not_found` */
export const noStoredResponses: LlmProxy = (next) => ({
  async complete(call) {
    if (call.operation !== 'stored') return next.complete(call);
    throw new LlmError('not_found', 'This gateway keeps no responses (`responses.store` is false in its configuration).');
  },
});

class Conversations {
  readonly #options: StoredResponsesOptions;
  readonly #references: References;
  readonly #turns = new PerCall<Turn | 'unknown'>();

  constructor(options: StoredResponsesOptions) {
    this.#options = options;
    this.#references = new References(options.archive);
  }

  async resolve(call: LlmCall, next: LlmService): Promise<LlmReply> {
    const body = bodyOf(call);
    const tenant = call.facts.caller?.tenant;
    if (body !== undefined && tenant !== undefined) await this.#rewrite(call, tenant, body);
    return await next.complete(call);
  }

  async #rewrite(call: LlmCall, tenant: string, body: Json): Promise<void> {
    const providers = this.#options.providersOf(call.message.view().model);
    try {
      const { before, input, whole } = await this.#references.resolve(tenant, body);
      this.#turns.set(call, { input: inputItems(input), ancestors: before.map(({ response }) => String(response['id'])) });
      const last = before.at(-1);
      if (last !== undefined && providers.every(({ name, isNative }) => isNative && name === last.provider)) return;
      const { previous_response_id: _, ...rest } = body;
      call.message = responsesRequest(Buffer.from(JSON.stringify({ ...rest, input: whole })));
    } catch (error) {
      const isUnknown = error instanceof LlmError && error.code === 'invalid_request';
      // a provider may know an id that this gateway does not
      if (!isUnknown || !providers.some(({ isNative }) => isNative)) throw error;
      this.#turns.set(call, 'unknown');
    }
  }

  async keep(call: LlmCall, next: LlmService): Promise<LlmReply> {
    const turn = this.#turns.get(call) ?? { input: inputItems(call.message.json()['input']), ancestors: [] };
    const reply = await next.complete(call);
    // what came before is not known, or the answer was kept when it was made
    if (turn === 'unknown' || call.facts.cache === 'hit' || reply.status >= 300) return reply;
    const kept = this.#keepReply(call, turn, reply);
    // a whole answer is parsed before it is sent, so that a request that follows finds it
    if (!isStreamed(reply)) await kept;
    return reply;
  }

  async #keepReply(call: LlmCall, { input, ancestors }: Turn, reply: LlmReply): Promise<void> {
    const response = await finalResponse(reply, this.#options.maxBytes);
    const tenant = call.facts.caller?.tenant;
    if (response === undefined || tenant === undefined) return;
    const previous = { previous_response_id: ancestors.at(-1) ?? null };
    const shown = { ...response, ...previous, store: true };
    this.#options.archive.keep(tenant, { response: shown, input, ancestors, provider: call.facts.provider ?? '' });
  }

  async serve(call: LlmCall, next: LlmService): Promise<LlmReply> {
    await this.#options.countRequest(call);
    return await answerAbout(call, this.#options.archive, next);
  }
}

function refersBack({ dialect, operation, message }: LlmCall): boolean {
  if (dialect !== 'openai-responses' || (operation !== 'chat' && operation !== 'count_tokens')) return false;
  const bytes = Buffer.from(message.bytes.buffer, message.bytes.byteOffset, message.bytes.byteLength);
  return REFERENCES.some((reference) => bytes.includes(reference));
}

function isKept({ dialect, operation, message, facts }: LlmCall): boolean {
  if (dialect !== 'openai-responses' || operation !== 'chat' || facts.caller === undefined) return false;
  const { store, conversation } = message.json();
  // a conversation's items are the provider's alone
  return store !== false && conversation == null;
}

/** Returns the body; undefined for one that the message refuses, with the same error, in the layer that needs it. */
function bodyOf({ message }: LlmCall): Json | undefined {
  try {
    message.view();
    const body = message.json();
    return isJson(body) ? body : undefined;
  } catch {
    return undefined;
  }
}
