import { asList, asString, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import { readMark } from '../neutral/sealed.ts';
import type { Unmarked, UnmarkOptions } from '../neutral/unmarked.ts';
import { unpacked } from './read-seals.ts';

/** Unwraps the provider's own details and removes those of others, together with members that the provider refuses. */
export const unmarkChat = (body: JsonObject, options: UnmarkOptions): Unmarked => ({
  body: { ...body, messages: asList(body['messages']).map((message) => unmarkMessage(message, options)) },
  dropped: [],
});

function unmarkMessage(message: Json, options: UnmarkOptions): Json {
  if (!isObject(message) || message['role'] !== 'assistant') return message;
  const { reasoning_details: given, tool_calls: calls, ...rest } = message;
  const { dropFromMessages = [] } = options;
  const kept = Object.fromEntries(Object.entries(rest).filter(([name]) => !dropFromMessages.includes(name)));
  const details = dropFromMessages.includes('reasoning_details') ? [] : unmarkDetails(asList(given));
  return {
    ...kept,
    ...(details.length === 0 ? {} : { reasoning_details: details }),
    ...(Array.isArray(calls) ? { tool_calls: calls.map((call) => unmarkCall(call, options)) } : {}),
  };
}

/** Unwraps details. A detail without a signature belongs to the same provider as the details next to it. */
function unmarkDetails(details: readonly Json[]): Json[] {
  const opened = details.map((detail) => (isObject(detail) ? unmarkDetail(detail) : detail));
  const foreign = opened.includes(FOREIGN);
  return opened.filter((detail, n) => detail !== FOREIGN && (!foreign || detail !== details[n]));
}

const FOREIGN = Symbol('of another provider');

function unmarkDetail(detail: JsonObject): Json {
  for (const name of ['signature', 'data'] as const) {
    const marked = readMark(asString(detail[name]) ?? '');
    if (marked !== undefined) return marked.origin === 'openai-chat' ? { ...detail, ...unpacked(name, marked.data) } : FOREIGN;
  }
  return detail;
}

function unmarkCall(call: Json, { isGemini }: UnmarkOptions): Json {
  const given = asString(member(member(member(call, 'extra_content'), 'google'), 'thought_signature'));
  const marked = given === undefined ? undefined : readMark(given);
  if (!isObject(call) || marked === undefined) return call;
  const { extra_content: _extra, ...rest } = call;
  return isGemini && marked.origin === 'gemini'
    ? { ...rest, extra_content: { google: { thought_signature: marked.data } } }
    : rest;
}
