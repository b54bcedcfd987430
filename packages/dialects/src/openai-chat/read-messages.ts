import { defined } from '@sluice/core';
import { readCacheMark } from '../neutral/cache-mark.ts';
import {
  asList,
  asString,
  dataUrl,
  isNumber,
  isObject,
  type Json,
  type JsonObject,
  member,
  needList,
  needObject,
  needString,
  wrongField,
} from '../neutral/read-json.ts';
import type { Citation, MediaSource, Message, Part, Reasoning } from '../neutral/request.ts';
import { argumentsText, readCall } from './read-calls.ts';
import { readSeals } from './read-seals.ts';

const ROLES: Readonly<Record<string, Message['role']>> = {
  system: 'system',
  developer: 'developer',
  user: 'user',
  assistant: 'assistant',
};

/** Assigns ids to legacy calls (`function_call`), which have none. A result belongs to the last call of its function. */
class LegacyCalls {
  #count = 0;
  readonly #last = new Map<string, string>();

  call(name: string): string {
    const id = `call_${name.slice(0, 24)}_${this.#count++}`;
    this.#last.set(name, id);
    return id;
  }

  result(name: string): string {
    return this.#last.get(name) ?? this.call(name);
  }
}

export function readMessages(messages: readonly Json[]): Message[] {
  const legacy = new LegacyCalls();
  return messages.map((value, n): Message => {
    const at = `messages[${n}]`;
    const message = needObject(value, at);
    const role = needString(message['role'], `${at}.role`);
    const content = message['content'];
    if (role === 'tool' || role === 'function') {
      const callId =
        role === 'tool'
          ? needString(message['tool_call_id'], `${at}.tool_call_id`)
          : legacy.result(needString(message['name'], `${at}.name`));
      const parts = content === null || content === undefined ? [] : readContent(content, `${at}.content`);
      return { role: 'user', parts: [{ type: 'tool_result', callId, parts }] };
    }
    const known = ROLES[role];
    if (known === undefined || !Object.hasOwn(ROLES, role))
      wrongField(`${at}.role`, 'system, developer, user, assistant or tool');
    if (known !== 'assistant') return { role: known as Message['role'], parts: readContent(content, `${at}.content`) };
    return { role: known, parts: readAssistant(message, at, legacy) };
  });
}

/** Returns the names of message members that no other dialect supports, for `x-sluice-dropped`. */
export function unrepresentedMembers(messages: readonly Json[]): string[] {
  const named = messages.some((message) => member(message, 'role') !== 'function' && asString(member(message, 'name')));
  const hasAudio = messages.some((message) => isObject(member(message, 'audio')));
  return [...(named ? ['messages.name'] : []), ...(hasAudio ? ['messages.audio'] : [])];
}

function readAssistant(message: JsonObject, at: string, legacy: LegacyCalls): Part[] {
  const { content, function_call: older } = message;
  const contentParts = content === undefined || content === null || content === '' ? [] : readContent(content, `${at}.content`);
  const calls = asList(message['tool_calls']).map((value, n) => {
    const where = `${at}.tool_calls[${n}]`;
    return readCall(needObject(value, where), where);
  });
  if (calls.length === 0 && isObject(older)) {
    const name = needString(older['name'], `${at}.function_call.name`);
    calls.push({ type: 'tool_call', id: legacy.call(name), name, arguments: argumentsText(older['arguments'], '{}') });
  }
  return [...readText(message, contentParts, false), ...calls];
}

/**
 * Reads an assistant's message: its content, reasoning, annotations and refusal.
 *
 * @param answered whether a provider wrote the message
 */
export function readText(message: JsonObject, content: readonly Part[], answered: boolean): Part[] {
  const parts: Part[] = [...readReasoning(message, answered), ...withAnnotations([...content], message['annotations'])];
  const refusal = asString(message['refusal']);
  if (refusal !== undefined && refusal !== '') parts.push({ type: 'refusal', text: refusal });
  return parts;
}

/**
 * Yields reasoning in the formats of this dialect: DeepSeek's `reasoning_content`, OpenRouter's `reasoning` and
 * `reasoning_details`.
 */
function* readReasoning(message: JsonObject, answered: boolean): Generator<Reasoning> {
  const details = asList(message['reasoning_details']);
  for (const detail of details) {
    const type = member(detail, 'type');
    const { encrypted, signature } = readSeals(detail, answered);
    if (encrypted !== undefined) yield { type: 'reasoning', text: '', encrypted };
    else if (type === 'reasoning.text' || type === 'reasoning.summary') {
      const text = asString(member(detail, 'text')) ?? asString(member(detail, 'summary')) ?? '';
      yield { type: 'reasoning', text, signature };
    }
  }
  if (details.length > 0) return;
  const text = asString(message['reasoning_content']) ?? asString(message['reasoning']);
  if (text !== undefined && text !== '') yield { type: 'reasoning', text };
}

/** Reads reasoning in Mistral's format: a part of the content that contains text parts. */
export const readThinking = (thinking: Json): string =>
  asString(thinking) ??
  asList(thinking)
    .map((part) => asString(member(part, 'text')) ?? '')
    .join('');

/** Reads the URLs that a text cites. */
export function readAnnotations(annotations: Json): Citation[] {
  return asList(annotations).flatMap((one) => {
    const cited = member(one, 'url_citation');
    if (!isObject(cited)) return [];
    const { url, title, start_index, end_index } = cited;
    return [
      defined({
        url: asString(url),
        title: asString(title),
        start: isNumber(start_index) ? start_index : undefined,
        end: isNumber(end_index) ? end_index : undefined,
      }),
    ];
  });
}

function withAnnotations(parts: Part[], annotations: Json): Part[] {
  const citations = readAnnotations(annotations);
  const [first] = parts;
  if (citations.length === 0 || first?.type !== 'text') return parts;
  return [{ ...first, citations }, ...parts.slice(1)];
}

function readContent(content: Json, at: string): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return needList(content, at).map((value, n) => readPart(needObject(value, `${at}[${n}]`), `${at}[${n}]`));
}

function readPart(part: JsonObject, at: string): Part {
  switch (part['type']) {
    case 'text':
      return { type: 'text', text: needString(part['text'], `${at}.text`), ...readCacheMark(part) };
    case 'refusal':
      return { type: 'refusal', text: needString(part['refusal'], `${at}.refusal`) };
    case 'thinking':
      return { type: 'reasoning', text: readThinking(part['thinking']) };
    case 'image_url': {
      const { image_url: given } = part;
      const image = typeof given === 'string' ? { url: given } : needObject(given, `${at}.image_url`);
      const detail = asString(member(image, 'detail'));
      const source = sourceOf(needString(image['url'], `${at}.image_url.url`));
      return { type: 'image', source, detail, ...readCacheMark(part) };
    }
    case 'input_audio': {
      const audio = needObject(part['input_audio'], `${at}.input_audio`);
      const data = needString(audio['data'], `${at}.input_audio.data`);
      return { type: 'audio', source: { kind: 'base64', mediaType: `audio/${asString(audio['format']) ?? 'wav'}`, data } };
    }
    case 'file': {
      const file = needObject(part['file'], `${at}.file`);
      const name = asString(file['filename']);
      const id = asString(file['file_id']);
      const source: MediaSource =
        id === undefined
          ? sourceOf(needString(file['file_data'], `${at}.file.file_data`), 'application/pdf')
          : { kind: 'id', id };
      return { type: 'file', source, name, ...readCacheMark(part) };
    }
    default:
      return wrongField(`${at}.type`, 'text, image_url, input_audio, file or refusal');
  }
}

function sourceOf(url: string, bare?: string): MediaSource {
  const data = dataUrl(url);
  if (data !== undefined) return { kind: 'base64', ...data };
  if (bare !== undefined && !/^https?:/.test(url)) return { kind: 'base64', mediaType: bare, data: url };
  return { kind: 'url', url };
}
