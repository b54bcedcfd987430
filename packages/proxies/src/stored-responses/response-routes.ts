import {
  isStreamed,
  type LlmCall,
  LlmError,
  type LlmReply,
  type LlmService,
  type RequestMessage,
  type UnreadRequest,
} from '@sluice/core';
import { collectedStream } from '../collected-stream.ts';
import type { ConversationArchive } from './conversation-archive.ts';
import { pageOf } from './item-page.ts';
import { isUnfinished, type Json, outputOf, parsed, type StoredRecord } from './record.ts';
import type { ResponseArchive } from './response-archive.ts';

/** A longer answer of a provider is not kept. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Where answers and conversations are kept. */
export interface Archives {
  readonly archive: ResponseArchive;
  readonly conversations: ConversationArchive;
  /** Counts a call that no provider answers as a request. @throws LlmError where the limit is reached */
  readonly countRequest: (call: LlmCall) => Promise<void>;
}

/** What is asked about a response. */
interface Question {
  readonly id: string;
  readonly about: 'response' | 'input_items' | 'cancel';
  readonly query: URLSearchParams;
}

/** Answers `GET` and `DELETE /v1/responses/{id}`, its `/input_items` and its `/cancel`. @throws LlmError `not_found`, `invalid_request` */
export async function answerAbout(call: LlmCall, archives: Archives, next: LlmService): Promise<LlmReply> {
  const { archive } = archives;
  const { unread } = call.message;
  const tenant = call.facts.caller?.tenant;
  if (unread === undefined || tenant === undefined) throw new LlmError('not_found', 'There is no such route.');
  const { id, about, query } = questionOf(unread);
  const [record] = await archive.find(tenant, [id]);
  // the provider's answer is counted where every provider's is
  if (record !== undefined && isUnfinished(record.response)) return await askProvider(call, record, archives, next);
  await archives.countRequest(call);
  if (record === undefined) throw new LlmError('not_found', `There is no response '${id}' here.`);
  if (about === 'input_items') return json(pageOf(await inputOf(archive, tenant, record), query));
  if (about === 'cancel') {
    throw new LlmError('invalid_request', `The response '${id}' has ended: only a response in the background can be cancelled.`);
  }
  if (unread.method === 'GET') return json(record.response);
  await archive.remove(tenant, id);
  return json({ id, object: 'response', deleted: true });
}

function questionOf({ path, method }: UnreadRequest): Question {
  const [below = '', query = ''] = path.split('?', 2);
  const [, , id = '', about] = below.split('/');
  const params = new URLSearchParams(query);
  if (params.get('stream') === 'true' && method === 'GET') {
    throw new LlmError('invalid_request', 'A stored response is given as a whole: leave out `stream`.', { param: 'stream' });
  }
  return { id: decodeURIComponent(id), about: about === 'input_items' || about === 'cancel' ? about : 'response', query: params };
}

/** Asks the provider that works on a response in the background, and keeps the response once it has ended. */
async function askProvider(call: LlmCall, record: StoredRecord, archives: Archives, next: LlmService): Promise<LlmReply> {
  const reply = await next.complete({ ...call, operation: 'other', message: messageAbout(record, call.message) });
  if (reply.status < 300) void keepEnded(call, record, archives, reply).catch(() => undefined);
  return reply;
}

/** A question to the provider of a response, for the model whose price the response has. */
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
  const tenant = call.facts.caller?.tenant ?? '';
  const { background: _, ...ended } = record;
  const isKept = archives.archive.keep(tenant, { ...ended, response: { ...record.response, ...response } });
  // the provider is asked for it again, and it is not billed again
  if (!isKept) archives.archive.keep(tenant, ended);
  if (record.conversation !== undefined) {
    const known = await archives.conversations.find(tenant, record.conversation);
    const ids = new Set(known?.items.map(({ id }) => id));
    // two clients may ask at once
    const added = outputOf({ response }).filter(({ id }) => !ids.has(id));
    await archives.conversations.addTurn(tenant, record.conversation, added);
  }
}

/** All items with which a response was made, newest last. */
async function inputOf(archive: ResponseArchive, tenant: string, record: StoredRecord): Promise<readonly Json[]> {
  const before = await archive.find(tenant, record.ancestors);
  const known = before.filter((one) => one !== undefined);
  return [...known.flatMap((one) => [...one.input, ...outputOf(one)]), ...record.input];
}

const json = (value: Json): LlmReply => ({
  ...{ status: 200, contentType: 'application/json', headers: {} },
  body: Buffer.from(JSON.stringify(value)),
});
