import { asList, asString, isObject, type Json, parseJson } from '../neutral/read-json.ts';

/** Maximum length in characters. A longer message is truncated: some servers repeat the whole request. */
const LONGEST = 4_000;
/**
 * Maximum depth of nested errors. OpenRouter's `error.metadata.raw`, JSON text that contains another `error`, is the deepest
 * known.
 */
const DEEPEST = 5;

/**
 * Members that hold the message, or an object or a list with a message, in order of preference.
 *
 * - `error`: OpenAI, Anthropic, Gemini; a text at xAI, Ollama, TGI and LM Studio
 * - `message`: vLLM, SGLang, Mistral, Cohere, Cerebras, Bedrock; `Message` at other services of AWS
 * - `detail`: FastAPI (a list with `loc` and `msg`), NIM, Voyage; RFC 9457
 * - `errors`: Cloudflare; `error_message`, `error_description`, `msg`, `reason`, `title`: proxies and OAuth servers
 * - `base_resp`: MiniMax
 * - `fault`: Apigee
 */
const MEMBERS = [
  ...['error', 'message', 'Message', 'detail', 'errors', 'msg', 'error_message', 'errorMessage', 'error_description'],
  ...['error_msg', 'status_msg', 'base_resp', 'faultstring', 'fault', 'reason', 'title'],
];

/** Returns the message of a provider's error in any known form; undefined without a message. */
export function errorMessage(body: Json): string | undefined {
  const message = messageIn(body, 0)?.trim();
  return message === undefined || message === '' ? undefined : message.slice(0, LONGEST);
}

/** Returns the message of an error body: JSON of any form, or plain text. A web page has none. */
export function messageOfBody(text: string): string | undefined {
  const value = parseJson(text);
  if (value !== undefined) return errorMessage(value);
  const plain = text.trim();
  return plain === '' || plain.startsWith('<') || /[{}]/.test(plain.slice(0, 1)) ? undefined : plain.slice(0, LONGEST);
}

function messageIn(value: Json, depth: number): string | undefined {
  if (depth > DEEPEST) return undefined;
  const text = asString(value);
  if (text !== undefined) return messageInText(text, depth);
  if (Array.isArray(value)) {
    const all = asList(value)
      .slice(0, 20)
      .flatMap((one) => messageIn(one, depth + 1) ?? []);
    return all.length === 0 ? undefined : all.join('; ');
  }
  if (!isObject(value)) return undefined;
  for (const name of MEMBERS) {
    const message = messageIn(value[name], depth + 1);
    if (message !== undefined) return withPlace(value['loc'], withOrigin(message, value['metadata'], depth));
  }
  return undefined;
}

/** Returns a text, or the message of the JSON in it. */
function messageInText(text: string, depth: number): string | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  if (!trimmed.startsWith('{') && !trimmed.startsWith('[')) return trimmed;
  return messageIn(parseJson(trimmed), depth + 1) ?? trimmed;
}

/** Prefixes the message with FastAPI's path of the invalid field: `["body", "messages", 0, "role"]`. */
function withPlace(loc: Json, message: string): string {
  const place = asList(loc).filter((step) => typeof step === 'string' || typeof step === 'number');
  return place.length === 0 ? message : `${place.join('.')}: ${message}`;
}

/** Appends the message of the provider behind OpenRouter. */
function withOrigin(message: string, metadata: Json, depth: number): string {
  if (!isObject(metadata)) return message;
  const origin = messageIn(metadata['raw'], depth + 1);
  return origin === undefined || message.includes(origin) ? message : `${message}: ${origin}`;
}
