import { LlmError } from '@sluice/core';
import type { Conversation, ConversationArchive } from './conversation-archive.ts';
import { historyOf, isReference, replayed } from './conversation-input.ts';
import { isId, isJson, type Json, outputOf, type StoredRecord } from './record.ts';
import type { ResponseArchive } from './response-archive.ts';

/** Maximum number of earlier responses in a conversation. */
const MAX_ANCESTORS = 1_000;

/** The resolved references of a request. */
export interface Resolved {
  /** Whether the request contains references. */
  readonly refers: boolean;
  /** The earlier responses, oldest first. */
  readonly before: readonly StoredRecord[];
  /** The conversation that the request continues. */
  readonly conversation: Conversation | undefined;
  /** The input with its references replaced by items. */
  readonly input: unknown;
  /** The whole conversation, in the form of a request to any provider. */
  readonly whole: readonly Json[];
}

/** Resolves the references of a request (`previous_response_id`, `conversation`, `item_reference`). */
export class References {
  readonly #archive: Pick<ResponseArchive, 'find' | 'findByItem'>;
  readonly #conversations: Pick<ConversationArchive, 'find' | 'requireRoom'>;

  constructor(
    archive: Pick<ResponseArchive, 'find' | 'findByItem'>,
    conversations: Pick<ConversationArchive, 'find' | 'requireRoom'>,
  ) {
    this.#archive = archive;
    this.#conversations = conversations;
  }

  /** @throws LlmError `invalid_request` for an id that the tenant does not own, `responses_unavailable` */
  async resolve(tenant: string, body: Json): Promise<Resolved> {
    const { previous_response_id: previous, conversation: named, input } = body;
    if (previous != null && named != null) {
      throw new LlmError('invalid_request', "A request has either 'previous_response_id' or 'conversation', not both.", {
        param: 'conversation',
      });
    }
    const before = previous == null ? [] : await this.#responses(tenant, previous);
    const conversation = named == null ? undefined : await this.#conversation(tenant, named);
    const resolved = await this.#items(tenant, input);
    const added = typeof resolved === 'string' ? [{ type: 'message', role: 'user', content: resolved }] : (resolved as Json[]);
    if (conversation !== undefined) this.#conversations.requireRoom(conversation, added);
    const earlier = conversation === undefined ? historyOf(before) : conversation.items.flatMap(replayed);
    return {
      refers: previous != null || named != null || (input != null && resolved !== input),
      ...{ before, conversation, input: resolved, whole: [...earlier, ...added] },
    };
  }

  async #conversation(tenant: string, named: unknown): Promise<Conversation> {
    const id = isJson(named) ? named['id'] : named;
    const found = isId(id) ? await this.#conversations.find(tenant, id) : undefined;
    if (found === undefined) throw unknown('conversation', `The conversation '${String(id).slice(0, 128)}' does not exist`);
    return found;
  }

  async #responses(tenant: string, previous: unknown): Promise<readonly StoredRecord[]> {
    const [last] = isId(previous) ? await this.#archive.find(tenant, [previous]) : [];
    if (last === undefined)
      throw unknown('previous_response_id', `The response '${String(previous).slice(0, 128)}' does not exist`);
    const ancestors = await this.#archive.find(tenant, last.ancestors.slice(-MAX_ANCESTORS));
    const known = ancestors.filter((record) => record !== undefined);
    if (known.length < last.ancestors.length)
      throw unknown('previous_response_id', 'An earlier response of this conversation does not exist');
    return [...known, last];
  }

  async #items(tenant: string, input: unknown): Promise<unknown> {
    if (!Array.isArray(input)) return input ?? [];
    const ids = input.filter(isReference).map(({ id }) => id);
    if (ids.length === 0) return input;
    const records = await this.#archive.findByItem(tenant, ids);
    const items = new Map(ids.map((id, n) => [id, itemOf(records[n], id)]));
    return input.flatMap((item: Json, n) => {
      if (!isReference(item)) return [item];
      const found = items.get(item.id);
      if (found === undefined) throw unknown(`input[${n}].id`, `The item '${item.id}' does not exist`);
      return replayed(found);
    });
  }
}

const itemOf = (record: StoredRecord | undefined, id: string): Json | undefined =>
  record === undefined ? undefined : outputOf(record).find((item) => item['id'] === id);

const unknown = (param: string, what: string): LlmError =>
  new LlmError('invalid_request', `${what}: it was not stored, has expired, or belongs to another tenant.`, { param });
