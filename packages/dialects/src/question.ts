import type { Question } from '@sluice/core';
import type { JsonPath } from './canonical-json.ts';
import { asList, asNumber, isObject, type Json, type JsonObject, member } from './neutral/read-json.ts';

/** A question with its place in the request. */
export interface PlacedQuestion extends Question {
  readonly path: JsonPath;
}

/** The names of one dialect for the parts of a conversation. */
interface ConversationForm {
  /** The member with the messages. */
  readonly messages: string;
  /** The member of a message with its content: a text, or a list of parts. */
  readonly content: string;
  /** Types of parts that contain a text. Undefined if parts have no type. */
  readonly textTypes: ReadonlySet<Json> | undefined;
  readonly userRoles: ReadonlySet<Json>;
  readonly modelRole: string;
  readonly otherRoles: ReadonlySet<Json>;
  temperature(body: JsonObject): Json;
}

const TEXT = new Set<Json>(['text']);
const USER = new Set<Json>(['user']);
const temperature = (body: JsonObject): Json => body['temperature'];

const CHAT: ConversationForm = {
  messages: 'messages',
  content: 'content',
  textTypes: TEXT,
  userRoles: USER,
  modelRole: 'assistant',
  otherRoles: new Set(['system', 'developer']),
  temperature,
};

const RESPONSES: ConversationForm = { ...CHAT, messages: 'input', textTypes: new Set(['input_text', 'output_text', 'text']) };

const GEMINI: ConversationForm = {
  messages: 'contents',
  content: 'parts',
  textTypes: undefined,
  userRoles: new Set(['user', undefined]),
  modelRole: 'model',
  otherRoles: new Set(),
  temperature: (body) => member(body['generationConfig'] ?? body['generation_config'], 'temperature'),
};

/** Returns the question of a request in OpenAI's or Anthropic's chat format. */
export const chatQuestion = (body: JsonObject): PlacedQuestion | undefined => questionOf(body, CHAT);

export const geminiQuestion = (body: JsonObject): PlacedQuestion | undefined => questionOf(body, GEMINI);

/** Returns the question of a request of the Responses API. A request that continues a stored conversation has none. */
export function responsesQuestion(body: JsonObject): PlacedQuestion | undefined {
  const { input } = body;
  if (body['previous_response_id'] != null || body['conversation'] != null || body['prompt'] != null) return undefined;
  if (typeof input === 'string') return { text: input, turns: 0, temperature: asNumber(body['temperature']), path: ['input'] };
  return questionOf(body, RESPONSES);
}

/** Returns the last message of a conversation of texts, if it is the user's and has a single text. */
function questionOf(body: JsonObject, form: ConversationForm): PlacedQuestion | undefined {
  const messages = asList(body[form.messages]);
  const last = messages.length - 1;
  let turns = 0;
  for (let n = 0; n < last; n++) {
    const role = member(messages[n], 'role');
    if (role === form.modelRole) turns++;
    else if (!form.userRoles.has(role) && !form.otherRoles.has(role)) return undefined;
    if (!isText(messages[n], form)) return undefined;
  }
  const message = messages[last];
  if (!form.userRoles.has(member(message, 'role')) || !isText(message, form)) return undefined;
  const content = member(message, form.content);
  const path = [form.messages, last, form.content];
  const given = asNumber(form.temperature(body));
  if (typeof content === 'string') return { text: content, turns, temperature: given, path };
  const [part, ...others] = asList(content);
  if (others.length > 0) return undefined;
  return { text: member(part, 'text') as string, turns, temperature: given, path: [...path, 0, 'text'] };
}

/** Returns whether a message has texts and nothing else: no files, no tool calls, no results of tools. */
function isText(message: Json, { content, textTypes }: ConversationForm): boolean {
  const type = member(message, 'type');
  if (type !== undefined && type !== 'message') return false;
  if (['tool_calls', 'function_call', 'images'].some((name) => member(message, name) != null)) return false;
  const value = member(message, content);
  if (typeof value === 'string') return true;
  const parts = asList(value);
  return parts.length > 0 && parts.every((part) => isTextPart(part, textTypes));
}

function isTextPart(part: Json, types: ReadonlySet<Json> | undefined): boolean {
  if (!isObject(part) || typeof part['text'] !== 'string') return false;
  return types === undefined ? Object.keys(part).length === 1 : types.has(part['type']);
}
