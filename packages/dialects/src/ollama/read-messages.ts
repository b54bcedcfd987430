import {
  asList,
  asString,
  isObject,
  isString,
  type Json,
  type JsonObject,
  member,
  needObject,
  needString,
  optional,
  wrongField,
} from '../neutral/read-json.ts';

/** First base64 characters of each image type. */
const IMAGES: readonly (readonly [begin: string, type: string])[] = [
  ['iVBOR', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
];

/** Returns an image in OpenAI's format. The type is detected, because Ollama's clients do not send it. */
export function imagePart(image: Json, param: string): JsonObject {
  const data = needString(image, param);
  const type =
    IMAGES.find(([begin]) => data.startsWith(begin))?.[1] ?? wrongField(param, 'a PNG, JPEG, GIF or WebP image in base64');
  return { type: 'image_url', image_url: { url: `data:${type};base64,${data}` } };
}

/** Assigns ids to the calls of a conversation, which Ollama does not have, and finds the call of each result. */
class Calls {
  #count = 0;
  readonly #open: { readonly id: string; readonly name: string }[] = [];

  call(name: string): string {
    const id = `call_${this.#count++}`;
    this.#open.push({ id, name });
    return id;
  }

  /** @param name name of the tool; without it, the oldest call without a result */
  result(name: string | undefined): string {
    const n = Math.max(
      0,
      this.#open.findIndex((one) => one.name === name),
    );
    return this.#open.splice(n, 1)[0]?.id ?? this.call(name ?? 'tool');
  }
}

/** Converts messages to OpenAI's chat completions. @throws LlmError `invalid_request` */
export function readMessages(messages: readonly Json[]): JsonObject[] {
  const calls = new Calls();
  return messages.map((one, n) => {
    const param = `messages[${n}]`;
    const message = needObject(one, param);
    const role = needString(message['role'], `${param}.role`);
    const content = optional(message['content'], `${param}.content`, isString, 'a string') ?? '';
    if (role === 'tool') {
      const name = asString(message['tool_name']) ?? asString(message['name']);
      return { role, tool_call_id: calls.result(name), content };
    }
    const images = asList(message['images']).map((image, m) => imagePart(image, `${param}.images[${m}]`));
    const made = asList(message['tool_calls']).map((call) => readCall(call, param, calls));
    const thinking = asString(message['thinking']);
    return {
      role,
      content: images.length === 0 ? content : [...(content === '' ? [] : [{ type: 'text', text: content }]), ...images],
      ...(thinking === undefined || thinking === '' ? {} : { reasoning_content: thinking }),
      ...(made.length === 0 ? {} : { tool_calls: made }),
    };
  });
}

function readCall(call: Json, param: string, calls: Calls): JsonObject {
  const called = member(call, 'function');
  const name = needString(member(called, 'name'), `${param}.tool_calls.function.name`);
  const given = member(called, 'arguments') ?? {};
  const text = isObject(given) ? JSON.stringify(given) : needString(given, `${param}.tool_calls.function.arguments`);
  return { id: calls.call(name), type: 'function', function: { name, arguments: text } };
}
