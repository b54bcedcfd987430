import { defined, LlmError } from '@sluice/core';
import { BodyRequest } from '../body-request.ts';
import { asList, asString, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import { isModelName } from '../request-bytes.ts';

/**
 * `POST /v1/responses/compact` for every provider (OpenAI's API reference, "Compact a response"). The model writes a summary,
 * which the response contains in an item of type `compaction`. In a later request, the item is replaced by the summary as a
 * message, so that any provider can continue.
 */

/** Prefix of this gateway's summaries in an item; other items belong to the provider that created them. */
const MARK = 'sluice-summary:';
const NEEDLE = Buffer.from(`"${MARK}`);

const INSTRUCTION = [
  'Summarize the conversation so far, so that you can continue the work with the summary and without the messages.',
  'State what the user wants, the decisions and constraints, what was done (files, commands, results), what is not done, and the next steps.',
  'Copy names, paths, numbers and identifiers exactly. Reply with the summary only.',
].join(' ');
const PREFACE = 'Summary of the conversation so far, in place of its messages:';

/** Members that would change the summary request into something else. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'background',
  'context_management',
  'conversation',
  'stream',
  'stream_options',
  'text',
]);

const asMessage = (text: string): JsonObject => ({
  type: 'message',
  role: 'user',
  content: [{ type: 'input_text', text }],
});

/** Converts a compaction request to a request for a summary. @throws LlmError `invalid_request` */
export function summaryRequest(bytes: Buffer): Buffer {
  const body = new BodyRequest(bytes, () => ({ model: '', stream: false, wantsStreamUsage: false })).json();
  const { input, tools } = body;
  if (!isModelName(body['model'])) {
    throw new LlmError('invalid_request', "'model' must be a name of 1 to 256 printable ASCII characters.", { param: 'model' });
  }
  const items = typeof input === 'string' ? [asMessage(input)] : asList(input);
  const kept = Object.fromEntries(Object.entries(body).filter(([name]) => !LEFT_OUT.has(name)));
  const choice = asList(tools).length === 0 ? {} : { tool_choice: 'none' };
  const summary = { ...kept, ...choice, store: false, input: [...items, asMessage(INSTRUCTION)] };
  return Buffer.from(JSON.stringify(summary));
}

/**
 * Writes the response to a compaction request: the user's messages, and one item with the summary.
 *
 * @param request the body of the request
 * @param response the response with the summary
 * @throws LlmError `upstream_error` for a response without text
 */
export function compactionAnswer(request: JsonObject, response: JsonObject): JsonObject {
  const { input } = request;
  const items = typeof input === 'string' ? [asMessage(input)] : asList(input).filter(isObject);
  const text = textOf(response);
  if (text === '') throw new LlmError('upstream_error', 'The model wrote no summary of the conversation.');
  const id = asString(response['id']) ?? '';
  const users = items.filter(isUserMessage).map((item, n) => userMessage(item, `msg_${id}_${n}`));
  const summary = { type: 'compaction', id: `cmp_${id}`, encrypted_content: MARK + Buffer.from(text).toString('base64url') };
  const { created_at, usage } = response;
  return {
    id,
    object: 'response.compaction',
    created_at,
    output: [...users, summary],
    ...defined({ usage }),
  };
}

/** Replaces this gateway's summaries in a request by messages; returns the same bytes if there are none. */
export function withSummaries(bytes: Buffer): Buffer {
  if (!bytes.includes(NEEDLE)) return bytes;
  const body = new BodyRequest(bytes, () => ({ model: '', stream: false, wantsStreamUsage: false })).json();
  const input = asList(body['input']);
  const opened = input.map(openSummary);
  // a text may begin like a mark
  if (opened.every((item, n) => item === input[n])) return bytes;
  return Buffer.from(JSON.stringify({ ...body, input: opened }));
}

function openSummary(item: Json): Json {
  const sealed = member(item, 'type') === 'compaction' ? member(item, 'encrypted_content') : undefined;
  if (typeof sealed !== 'string' || !sealed.startsWith(MARK)) return item;
  return asMessage(`${PREFACE}\n\n${Buffer.from(sealed.slice(MARK.length), 'base64url').toString('utf8')}`);
}

const isUserMessage = (item: JsonObject): boolean => (item['type'] ?? 'message') === 'message' && item['role'] === 'user';

function userMessage(item: JsonObject, id: string): JsonObject {
  const { content } = item;
  const parts = typeof content === 'string' ? [{ type: 'input_text', text: content }] : (content ?? []);
  return { id, ...item, type: 'message', status: 'completed', content: parts };
}

function textOf(response: JsonObject): string {
  const messages = asList(response['output']).filter((item) => member(item, 'type') === 'message');
  const parts = messages.flatMap((item) => asList(member(item, 'content')));
  return parts.map((part) => asString(member(part, 'text')) ?? '').join('');
}
