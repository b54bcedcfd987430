import { asString, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';

/** Finish reasons by which servers say that they failed: OpenRouter and Mistral, Zhipu, DeepSeek, vLLM. */
const FAILED: ReadonlySet<string> = new Set(['error', 'network_error', 'insufficient_system_resource', 'abort', 'failed']);

/** Whether a finish reason says that the answer failed. */
export const isFailedFinish = (reason: string): boolean => FAILED.has(reason);

/** A finish reason; undefined where there is none. Older Ollama and relays write "" where others write null, Alibaba and Baidu "null". */
export function finishReason(value: Json): string | undefined {
  const reason = asString(value);
  return reason === '' || reason === 'null' ? undefined : reason;
}

/** Members that only answers have, or parts of them. Where one is there, `message` and `detail` are no error's. */
const ANSWER = [
  ...['choices', 'candidates', 'content', 'output', 'usage', 'usageMetadata', 'usage_metadata', 'delta', 'response', 'item'],
  ...['promptFeedback', 'prompt_feedback', 'content_block', 'data', 'embeddings', 'embedding', 'input_tokens', 'totalTokens'],
];

const says = (value: Json): boolean =>
  value === true ||
  (typeof value === 'number' && value !== 0) ||
  (typeof value === 'string' && value !== '') ||
  (Array.isArray(value) ? value.length > 0 : isObject(value) && Object.values(value).some(isGiven));

/** An error whose members are all empty is none. */
const isGiven = (value: Json): boolean => value !== null && value !== '' && value !== 0 && value !== false;

/** Whether a body with status 200, or an event of a stream, is an error in one of the forms that are no dialect's alone. */
export function isReportedError(data: JsonObject): boolean {
  if (says(data['error']) || data['object'] === 'error' || data['type'] === 'error') return true;
  // MiniMax, beside `choices: null`
  if (says(member(data['base_resp'], 'status_code'))) return true;
  if (ANSWER.some((name) => data[name] !== undefined)) return false;
  if (data['success'] === false || says(data['errors']) || says(data['detail'])) return true;
  // Bedrock's and Cohere's; Anthropic's first event has an object of this name
  return asString(data['Message'] ?? data['message']) !== undefined || asString(data['__type']) !== undefined;
}

/** Whether a choice of a chat completion, or of a chunk of one, says that it failed. */
export function isFailedChoice(choice: Json): boolean {
  return says(member(choice, 'error')) || isFailedFinish(asString(member(choice, 'finish_reason')) ?? '');
}
