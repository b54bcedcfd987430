import {
  bufferOf,
  CallSlot,
  isStreamed,
  type LlmCall,
  LlmError,
  type LlmProxy,
  type LlmReply,
  type LlmService,
} from '@sluice/core';
import { responsesRequest } from '@sluice/dialects';
import { servedBy } from '../routing/served-by.ts';
import type { ConversationArchive } from './conversation-archive.ts';
import { inputItems } from './conversation-input.ts';
import { answerConversations } from './conversation-routes.ts';
import { finalResponse } from './final-response.ts';
import { isJson, isUnfinished, type Json, outputOf } from './record.ts';
import { References } from './references.ts';
import type { ResponseArchive } from './response-archive.ts';
import { answerAbout } from './response-routes.ts';

export interface StoredResponsesOptions {
  readonly archive: ResponseArchive;
  readonly conversations: ConversationArchive;
  /** Maximum size of a stored response, in bytes. */
  readonly maxBytes: number;
  /** Returns the providers that may serve a model, and whether each supports the Responses API natively. */
  readonly providersOf: (model: string) => readonly { readonly name: string; readonly isNative: boolean }[];
  /** Counts a call without a provider as a request. @throws LlmError if the limit is reached */
  readonly countRequest: (call: LlmCall) => Promise<void>;
}

export interface StoredResponseLayers {
  /** Replaces references by the items themselves. It runs before the layers that estimate, reserve and cache. */
  readonly history: LlmProxy;
  /** Stores responses, and serves the routes about them. It runs after the check of the key's access. */
  readonly keeping: LlmProxy;
}

/** The items that a request adds to a conversation. */
interface Turn {
  readonly input: readonly Json[];
  readonly ancestors: readonly string[];
  /** The conversation that receives the items. */
  readonly conversation?: string | undefined;
}

/** Only a request that contains one of these refers to earlier responses. */
const REFERENCES = ['"previous_response_id"', '"item_reference"', '"conversation"'];

/**
 * Makes the Responses API stateful for every provider: responses are stored under their tenant, and later requests may refer to
 * them.
 *
 * A request is sent unchanged if only the provider of the earlier response can serve it: that provider also has its hidden
 * reasoning.
 *
 * @throws LlmError `invalid_request` for an id that the tenant does not own, `not_found`, `responses_unavailable`
 */
export function storedResponses(options: StoredResponsesOptions): StoredResponseLayers {
  const responses = new StatefulResponses(options);
  return {
    history: (next) => ({
      complete: (call) => (refersBack(call) ? responses.resolve(call, next) : next.complete(call)),
    }),
    keeping: (next) => ({
      complete(call) {
        if (call.operation === 'stored') return responses.serve(call, next);
        return isResponse(call) ? responses.keep(call, next) : next.complete(call);
      },
    }),
  };
}

/** Refuses the routes about stored responses if storing is disabled. @throws LlmError `not_found` */
export const noStoredResponses: LlmProxy = (next) => ({
  async complete(call) {
    if (call.operation !== 'stored') return next.complete(call);
    throw new LlmError('not_found', 'This gateway does not store responses (`responses.store` is false in its configuration).');
  },
});

class StatefulResponses {
  readonly #options: StoredResponsesOptions;
  readonly #references: References;
  static readonly #turns = new CallSlot<Turn | 'unknown' | undefined>('turn of a conversation', undefined);

  constructor(options: StoredResponsesOptions) {
    this.#options = options;
    this.#references = new References(options.archive, options.conversations);
  }

  async resolve(call: LlmCall, next: LlmService): Promise<LlmReply> {
    const body = bodyOf(call);
    const tenant = call.context.caller?.tenant;
    if (body !== undefined && tenant !== undefined) await this.#rewrite(call, tenant, body);
    return await next.complete(call);
  }

  async #rewrite(call: LlmCall, tenant: string, body: Json): Promise<void> {
    const providers = this.#options.providersOf(call.message.view().model);
    try {
      const { refers, before, conversation, input, whole } = await this.#references.resolve(tenant, body);
      const ancestors = before.map(({ response }) => String(response['id']));
      StatefulResponses.#turns.set(call, { input: inputItems(input), ancestors, conversation: conversation?.id });
      // a text may contain the name of a reference
      if (!refers) return;
      const last = before.at(-1);
      if (last !== undefined && providers.every(({ name, isNative }) => isNative && name === last.provider)) return;
      const { previous_response_id: _, conversation: __, ...rest } = body;
      call.sent = call.message.bytes;
      call.message = responsesRequest(Buffer.from(JSON.stringify({ ...rest, input: whole })));
    } catch (error) {
      const isUnknown = error instanceof LlmError && error.code === 'invalid_request';
      // a provider may know an id that is unknown to this gateway
      if (!isUnknown || !providers.some(({ isNative }) => isNative)) throw error;
      StatefulResponses.#turns.set(call, 'unknown');
    }
  }

  async keep(call: LlmCall, next: LlmService): Promise<LlmReply> {
    const { store, input } = call.message.json();
    const turn = StatefulResponses.#turns.get(call) ?? { input: inputItems(input), ancestors: [] };
    const isKept = turn !== 'unknown' && (store !== false || turn.conversation !== undefined);
    const reply = await next.complete(call);
    // the earlier responses are unknown, so the conversation cannot be stored
    if (!isKept || reply.status >= 300) return reply;
    const kept = this.#keepReply(call, turn, store !== false, reply);
    // a whole response is stored before it is sent, so that a subsequent request finds it
    if (!isStreamed(reply)) await kept;
    return reply;
  }

  async #keepReply(call: LlmCall, turn: Turn, isStored: boolean, reply: LlmReply): Promise<void> {
    const { archive, conversations, maxBytes } = this.#options;
    const { input, ancestors, conversation } = turn;
    const response = await finalResponse(reply, maxBytes);
    const tenant = call.context.caller?.tenant;
    if (response === undefined || tenant === undefined) return;
    const before = {
      previous_response_id: ancestors.at(-1) ?? null,
      ...(conversation && { conversation: { id: conversation } }),
    };
    const shown = { ...response, ...before, store: true };
    const model = call.message.view().model;
    const background = isUnfinished(response)
      ? { model, billedInputTokens: call.context.account.usage?.inputTokens ?? 0 }
      : undefined;
    if (isStored) {
      archive.keep(tenant, {
        response: shown,
        input,
        ancestors,
        provider: servedBy.get(call)?.provider ?? '',
        conversation,
        background,
      });
    }
    // the first call has already added the turn of a replayed call
    if (conversation === undefined || reply.headers['idempotency-replayed'] === 'true') return;
    // the items of a background response are added after its end
    const output = isUnfinished(response) ? [] : outputOf({ response });
    await conversations.addTurn(tenant, conversation, [...input, ...output]);
  }

  async serve(call: LlmCall, next: LlmService): Promise<LlmReply> {
    const { archive, conversations, countRequest } = this.#options;
    if (call.message.unread?.route !== 'conversations') {
      return await answerAbout(call, { archive, conversations, countRequest }, next);
    }
    await countRequest(call);
    return await answerConversations(call, conversations);
  }
}

function refersBack({ dialect, operation, message }: LlmCall): boolean {
  if (dialect !== 'openai-responses' || (operation !== 'chat' && operation !== 'count_tokens')) return false;
  const bytes = bufferOf(message.bytes);
  return REFERENCES.some((reference) => bytes.includes(reference));
}

const isResponse = ({ dialect, operation, context }: LlmCall): boolean =>
  dialect === 'openai-responses' && operation === 'chat' && context.caller !== undefined;

/** Returns the body. Undefined for a body that the message refuses: the layer that needs it throws the same error. */
function bodyOf({ message }: LlmCall): Json | undefined {
  try {
    message.view();
    const body = message.json();
    return isJson(body) ? body : undefined;
  } catch {
    return undefined;
  }
}
