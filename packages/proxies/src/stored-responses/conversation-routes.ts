import { type LlmCall, LlmError, type LlmReply } from '@sluice/core';
import type { Conversation, ConversationArchive } from './conversation-archive.ts';
import { inputItems } from './conversation-input.ts';
import { pageOf } from './item-page.ts';
import { isJson, type Json } from './record.ts';

/** Limits of metadata (OpenAI's API reference, "Create a conversation"). */
const METADATA = { pairs: 16, name: 64, value: 512 };

/** A parsed request about conversations: its method and the parts of its path. */
interface Question {
  readonly method: string;
  readonly id: string | undefined;
  readonly aboutItems: boolean;
  readonly itemId: string | undefined;
  readonly query: URLSearchParams;
  readonly body: Json;
}

/**
 * Serves the routes below `/v1/conversations`.
 *
 * @throws LlmError `not_found`, `invalid_request`, `responses_unavailable`
 */
export async function answerConversations(call: LlmCall, archive: ConversationArchive): Promise<LlmReply> {
  const tenant = call.context.caller?.tenant;
  const question = questionOf(call);
  const { method, id, aboutItems, body } = question;
  if (tenant === undefined) throw new LlmError('not_found', 'There is no such route.');
  if (id === undefined) return json(shown(await archive.create(tenant, metadataOf(body), itemsOf(body))));
  const conversation = await archive.find(tenant, id);
  if (conversation === undefined) throw unknownConversation(id);
  if (aboutItems) return await answerItems(tenant, conversation, archive, question);
  if (method === 'GET') return json(shown(conversation));
  if (method === 'DELETE') {
    await archive.remove(tenant, id);
    return json({ id, object: 'conversation.deleted', deleted: true });
  }
  const metadata = metadataOf(body);
  if (!(await archive.describe(tenant, conversation, metadata))) throw unknownConversation(id);
  return json(shown({ ...conversation, metadata }));
}

async function answerItems(
  tenant: string,
  conversation: Conversation,
  archive: ConversationArchive,
  { method, itemId, query, body }: Question,
): Promise<LlmReply> {
  if (itemId === undefined && method === 'GET') return json(pageOf(conversation.items.map(shownItem), query));
  if (itemId === undefined) {
    const added = itemsOf(body);
    if (added.length === 0) throw new LlmError('invalid_request', "'items' must be a list of items.", { param: 'items' });
    archive.requireRoom(conversation, added);
    if (!(await archive.add(tenant, conversation.id, added))) throw unknownConversation(conversation.id);
    return json(pageOf(added.map(shownItem), new URLSearchParams({ order: 'asc', limit: '100' })));
  }
  const item = conversation.items.find(({ id }) => id === itemId);
  if (item === undefined) throw new LlmError('not_found', `The item '${itemId}' does not exist in this conversation.`);
  if (method === 'GET') return json(shownItem(item));
  await archive.removeItem(tenant, conversation, itemId);
  return json(shown(conversation));
}

function questionOf({ message }: LlmCall): Question {
  const { path = '', method = 'GET' } = message.unread ?? {};
  const [below = '', query = ''] = path.split('?', 2);
  const [, , id, items, itemId] = below.split('/').map((part) => decodeURIComponent(part));
  return {
    ...{ method, id, itemId, aboutItems: items === 'items', query: new URLSearchParams(query) },
    body: method === 'POST' ? message.json() : {},
  };
}

function itemsOf({ items }: Json): readonly Json[] {
  if (items == null) return [];
  if (!Array.isArray(items) || !items.every(isJson))
    throw new LlmError('invalid_request', "'items' must be a list of items.", { param: 'items' });
  return inputItems(items);
}

function metadataOf({ metadata }: Json): Json {
  if (metadata == null) return {};
  const pairs = isJson(metadata) ? Object.entries(metadata) : undefined;
  const fits = ([name, value]: [string, unknown]): boolean =>
    name.length <= METADATA.name && typeof value === 'string' && value.length <= METADATA.value;
  if (pairs === undefined || pairs.length > METADATA.pairs || !pairs.every(fits)) {
    const most = `at most ${METADATA.pairs} pairs of a name (${METADATA.name} characters) and a text (${METADATA.value} characters)`;
    throw new LlmError('invalid_request', `'metadata' must have ${most}.`, { param: 'metadata' });
  }
  return Object.fromEntries(pairs);
}

const shown = ({ id, createdAtS, metadata }: Conversation): Json => ({
  ...{ id, object: 'conversation', created_at: createdAtS, metadata },
});

/** Returns an item in the format of OpenAI's API: the content of a message is a list. */
function shownItem(item: Json): Json {
  const { content } = item;
  if (item['type'] !== 'message') return item;
  const type = item['role'] === 'assistant' ? 'output_text' : 'input_text';
  return { status: 'completed', ...item, ...(typeof content === 'string' ? { content: [{ type, text: content }] } : {}) };
}

const unknownConversation = (id: string): LlmError =>
  new LlmError(
    'not_found',
    `The conversation '${id}' does not exist: it was not created here, has expired, or belongs to another tenant.`,
  );

const json = (value: Json): LlmReply => ({
  ...{ status: 200, contentType: 'application/json', headers: {} },
  body: Buffer.from(JSON.stringify(value)),
});
