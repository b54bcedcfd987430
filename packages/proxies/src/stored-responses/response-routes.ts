import { isStreamed, type LlmCall, LlmError, type LlmReply, type LlmService, type UnreadRequest } from '@sluice/core';
import { collectedStream } from '../collected-stream.ts';
import { type Json, outputOf, parsed, type StoredRecord } from './record.ts';
import type { ResponseArchive } from './response-archive.ts';

/** Items of a page if the caller names no limit, and at most (OpenAI's API reference, "List input items"). */
const PAGE = { usual: 20, most: 100 };
/** States in which a provider still works on a response. */
const UNFINISHED: readonly unknown[] = ['queued', 'in_progress'];

/** A longer answer of a provider is not kept. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** What is asked about a response. */
interface Question {
  readonly id: string;
  readonly about: 'response' | 'input_items' | 'cancel';
  readonly query: URLSearchParams;
}

/** Answers `GET` and `DELETE /v1/responses/{id}`, its `/input_items` and its `/cancel`. @throws LlmError `not_found`, `invalid_request` */
export async function answerAbout(call: LlmCall, archive: ResponseArchive, next: LlmService): Promise<LlmReply> {
  const { unread } = call.message;
  const tenant = call.facts.caller?.tenant;
  if (unread === undefined || tenant === undefined) throw new LlmError('not_found', 'There is no such route.');
  const { id, about, query } = questionOf(unread);
  const [record] = await archive.find(tenant, [id]);
  if (record === undefined) throw new LlmError('not_found', `There is no response '${id}' here.`);
  if (UNFINISHED.includes(record.response['status'])) return await askProvider(call, record, archive, next);
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
async function askProvider(call: LlmCall, record: StoredRecord, archive: ResponseArchive, next: LlmService): Promise<LlmReply> {
  const { unread } = call.message;
  const message = { ...call.message, ...(unread === undefined ? {} : { unread: { ...unread, provider: record.provider } }) };
  const reply = await next.complete({ ...call, operation: 'other', message });
  if (reply.status < 300) void keepEnded(call, record, archive, reply);
  return reply;
}

async function keepEnded(call: LlmCall, record: StoredRecord, archive: ResponseArchive, reply: LlmReply): Promise<void> {
  const body = isStreamed(reply) ? await collectedStream(reply, MAX_ANSWER_BYTES) : reply.body;
  const response = body === undefined ? undefined : parsed(Buffer.from(body).toString('utf8'));
  const isOver = response?.['id'] === record.response['id'] && !UNFINISHED.includes(response?.['status']);
  if (response === undefined || !isOver) return;
  archive.keep(call.facts.caller?.tenant ?? '', { ...record, response: { ...record.response, ...response } });
}

/** All items with which a response was made, newest last. */
async function inputOf(archive: ResponseArchive, tenant: string, record: StoredRecord): Promise<readonly Json[]> {
  const before = await archive.find(tenant, record.ancestors);
  const known = before.filter((one) => one !== undefined);
  return [...known.flatMap((one) => [...one.input, ...outputOf(one)]), ...record.input];
}

function pageOf(items: readonly Json[], query: URLSearchParams): Json {
  const asked = Number(query.get('limit') ?? PAGE.usual);
  if (!Number.isInteger(asked) || asked < 1 || asked > PAGE.most) {
    throw new LlmError('invalid_request', `'limit' must be a whole number from 1 to ${PAGE.most}.`, { param: 'limit' });
  }
  const ordered = query.get('order') === 'asc' ? items : items.toReversed();
  const after = query.get('after');
  const from = after === null ? 0 : ordered.findIndex(({ id }) => id === after) + 1;
  const data = ordered.slice(from, from + asked);
  const edges = { first_id: data[0]?.['id'] ?? null, last_id: data.at(-1)?.['id'] ?? null };
  return { object: 'list', data, ...edges, has_more: from + asked < ordered.length };
}

const json = (value: Json): LlmReply => ({
  ...{ status: 200, contentType: 'application/json', headers: {} },
  body: Buffer.from(JSON.stringify(value)),
});
