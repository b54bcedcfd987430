import { asString, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';

/** Finish reasons of failed responses: OpenRouter and Mistral, Zhipu, DeepSeek, vLLM. */
const FAILED: ReadonlySet<string> = new Set(['error', 'network_error', 'insufficient_system_resource', 'abort', 'failed']);

/** Tests whether a finish reason reports a failure. */
export const isFailedFinish = (reason: string): boolean => FAILED.has(reason);

/** Reads a finish reason; undefined without one. Older Ollama and relays write "" for null, Alibaba and Baidu "null". */
export function finishReason(value: Json): string | undefined {
  const reason = asString(value);
  return reason === '' || reason === 'null' ? undefined : reason;
}

/** Members of responses and their parts. Next to one of them, `message` and `detail` do not belong to an error. */
const ANSWER = [
  ...['choices', 'candidates', 'content', 'output', 'usage', 'usageMetadata', 'usage_metadata', 'delta', 'response', 'item'],
  ...['promptFeedback', 'prompt_feedback', 'content_block', 'data', 'embeddings', 'embedding', 'input_tokens', 'totalTokens'],
];

const holdsValue = (value: Json): boolean =>
  value === true ||
  (typeof value === 'number' && value !== 0) ||
  (typeof value === 'string' && value !== '') ||
  (Array.isArray(value) ? value.length > 0 : isObject(value) && Object.values(value).some(isGiven));

/** Tests a member of an error: some servers send an empty error with a successful response. */
const isGiven = (value: Json): boolean => value !== null && value !== '' && value !== 0 && value !== false;

/** Tests whether a body with status 200, or an event of a stream, is an error in a form that several dialects share. */
export function isReportedError(data: JsonObject): boolean {
  if (holdsValue(data['error']) || data['object'] === 'error' || data['type'] === 'error') return true;
  // MiniMax, next to `choices: null`
  if (holdsValue(member(data['base_resp'], 'status_code'))) return true;
  if (ANSWER.some((name) => data[name] !== undefined)) return false;
  if (data['success'] === false || holdsValue(data['errors']) || holdsValue(data['detail'])) return true;
  // Bedrock and Cohere send a string; the `message` in Anthropic's first event is an object
  return asString(data['Message'] ?? data['message']) !== undefined || asString(data['__type']) !== undefined;
}

/** Tests whether a choice of a chat completion or of a chunk reports a failure. */
export function isFailedChoice(choice: Json): boolean {
  return holdsValue(member(choice, 'error')) || isFailedFinish(asString(member(choice, 'finish_reason')) ?? '');
}
