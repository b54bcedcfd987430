import { asList, asString, isObject, type Json, parseJson } from '../neutral/read-json.ts';

/** Longer words are cut: some servers repeat the whole request. */
const LONGEST = 4_000;
/** How deep an error may stand in others. OpenRouter's is the deepest that was seen: `error.metadata.raw` is JSON text with an `error` of its own. */
const DEEPEST = 5;

/**
 * Members that hold the words, or an object or list with them, in the order in which they are looked for.
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

/** Returns what a provider says of an error, in whatever form; undefined where it says nothing. */
export function errorWords(body: Json): string | undefined {
  const words = wordsIn(body, 0)?.trim();
  return words === undefined || words === '' ? undefined : words.slice(0, LONGEST);
}

/** Returns the words of an error's bytes: JSON of any form, or plain text. A web page has none. */
export function wordsOfBody(text: string): string | undefined {
  const value = parseJson(text);
  if (value !== undefined) return errorWords(value);
  const plain = text.trim();
  return plain === '' || plain.startsWith('<') || /[{}]/.test(plain.slice(0, 1)) ? undefined : plain.slice(0, LONGEST);
}

function wordsIn(value: Json, depth: number): string | undefined {
  if (depth > DEEPEST) return undefined;
  const text = asString(value);
  if (text !== undefined) return wordsInText(text, depth);
  if (Array.isArray(value)) {
    const all = asList(value)
      .slice(0, 20)
      .flatMap((one) => wordsIn(one, depth + 1) ?? []);
    return all.length === 0 ? undefined : all.join('; ');
  }
  if (!isObject(value)) return undefined;
  for (const name of MEMBERS) {
    const words = wordsIn(value[name], depth + 1);
    if (words !== undefined) return withPlace(value['loc'], withOrigin(words, value['metadata'], depth));
  }
  return undefined;
}

/** A text may be an error's JSON. */
function wordsInText(text: string, depth: number): string | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  if (!trimmed.startsWith('{') && !trimmed.startsWith('[')) return trimmed;
  return wordsIn(parseJson(trimmed), depth + 1) ?? trimmed;
}

/** FastAPI says where in the request the fault is: `["body", "messages", 0, "role"]`. */
function withPlace(loc: Json, words: string): string {
  const place = asList(loc).filter((step) => typeof step === 'string' || typeof step === 'number');
  return place.length === 0 ? words : `${place.join('.')}: ${words}`;
}

/** OpenRouter hands on what the provider behind it said. */
function withOrigin(words: string, metadata: Json, depth: number): string {
  if (!isObject(metadata)) return words;
  const origin = wordsIn(metadata['raw'], depth + 1);
  return origin === undefined || words.includes(origin) ? words : `${words}: ${origin}`;
}
