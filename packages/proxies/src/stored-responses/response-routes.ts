import {
  copyCall,
  isStreamed,
  type LlmCall,
  LlmError,
  type LlmReply,
  type LlmService,
  type PassthroughRequest,
  type RequestMessage,
} from '@sluice/core';
import { collectedStream } from '../collected-stream.ts';
import type { ConversationArchive } from './conversation-archive.ts';
import { pageOf } from './item-page.ts';
import { isUnfinished, type Json, outputOf, parsed, type StoredRecord } from './record.ts';
import type { ResponseArchive } from './response-archive.ts';

/** Maximum size of a provider's response that is stored, in bytes. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** The archives of responses and conversations. */
export interface Archives {
  readonly archive: ResponseArchive;
  readonly conversations: ConversationArchive;
  /** Counts a call without a provider as a request. @throws LlmError if the limit is reached */
  readonly countRequest: (call: LlmCall) => Promise<void>;
}

/** A parsed request about a response. */
interface Question {
  readonly id: string;
  readonly about: 'response' | 'input_items' | 'cancel';
  readonly query: URLSearchParams;
}

/**
 * Serves `GET` and `DELETE /v1/responses/{id}`, its `/input_items` and its `/cancel`. @throws LlmError `not_found`,
 * `invalid_request`
 */
export async function answerAbout(call: LlmCall, archives: Archives, next: LlmService): Promise<LlmReply> {
  const { archive } = archives;
  const { unread } = call.message;
  const tenant = call.context.caller?.tenant;
  if (unread === undefined || tenant === undefined) throw new LlmError('not_found', 'There is no such route.');
  const { id, about, query } = questionOf(unread);
  const [record] = await archive.find(tenant, [id]);
  // a call that reaches a provider is counted by the regular metering
  if (record !== undefined && isUnfinished(record.response)) return await askProvider(call, record, archives, next);
  await archives.countRequest(call);
  if (record === undefined) throw new LlmError('not_found', `The response '${id}' does not exist.`);
  if (about === 'input_items') return json(pageOf(await inputOf(archive, tenant, record), query));
  if (about === 'cancel') {
    throw new LlmError(
      'invalid_request',
      `The response '${id}' has ended. Only a background response in progress can be cancelled.`,
    );
  }
  if (unread.method === 'GET') return json(record.response);
  await archive.remove(tenant, id);
  return json({ id, object: 'response', deleted: true });
}

function questionOf({ path, method }: PassthroughRequest): Question {
  const [below = '', query = ''] = path.split('?', 2);
  const [, , id = '', about] = below.split('/');
  const params = new URLSearchParams(query);
  if (params.get('stream') === 'true' && method === 'GET') {
    throw new LlmError('invalid_request', 'A stored response cannot be streamed. Remove `stream`.', { param: 'stream' });
  }
  return { id: decodeURIComponent(id), about: about === 'input_items' || about === 'cancel' ? about : 'response', query: params };
}

/** Requests a background response from its provider, and stores it after its end. */
async function askProvider(call: LlmCall, record: StoredRecord, archives: Archives, next: LlmService): Promise<LlmReply> {
  const reply = await next.complete(copyCall(call, { operation: 'other', message: messageAbout(record, call.message) }));
  if (reply.status < 300) void keepEnded(call, record, archives, reply).catch(() => undefined);
  return reply;
}

/** Returns the message for the provider of a response. Its model determines the price. */
function messageAbout({ provider, background }: StoredRecord, message: RequestMessage): RequestMessage {
  const { unread } = message;
  if (unread === undefined) return message;
  const view = { ...message.view(), model: background?.model ?? '' };
  return { ...message, view: () => view, unread: { ...unread, provider, background } };
}

async function keepEnded(call: LlmCall, record: StoredRecord, archives: Archives, reply: LlmReply): Promise<void> {
  const body = isStreamed(reply) ? await collectedStream(reply, MAX_ANSWER_BYTES) : reply.body;
  const response = body === undefined ? undefined : parsed(Buffer.from(body).toString('utf8'));
  if (response === undefined || response['id'] !== record.response['id'] || isUnfinished(response)) return;
  const tenant = call.context.caller?.tenant ?? '';
  const { background: _, ...ended } = record;
  const isKept = archives.archive.keep(tenant, { ...ended, response: { ...record.response, ...response } });
  // the ended response is too long: later requests go to the provider again, but are not billed again
  if (!isKept) archives.archive.keep(tenant, ended);
  if (record.conversation !== undefined) {
    const known = await archives.conversations.find(tenant, record.conversation);
    const ids = new Set(known?.items.map(({ id }) => id));
    // two clients may request it concurrently
    const added = outputOf({ response }).filter(({ id }) => !ids.has(id));
    await archives.conversations.addTurn(tenant, record.conversation, added);
  }
}

/** Returns all input items of a response, newest last. */
async function inputOf(archive: ResponseArchive, tenant: string, record: StoredRecord): Promise<readonly Json[]> {
  const before = await archive.find(tenant, record.ancestors);
  const known = before.filter((one) => one !== undefined);
  return [...known.flatMap((one) => [...one.input, ...outputOf(one)]), ...record.input];
}

const json = (value: Json): LlmReply => ({
  ...{ status: 200, contentType: 'application/json', headers: {} },
  body: Buffer.from(JSON.stringify(value)),
});
