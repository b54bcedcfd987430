import type { Family } from './families.ts';
import { listOf, refuse, textOf, type Value } from './refusal.ts';

/** Refuses members of a request by name. */
function refuseMembers(body: Value, names: readonly string[], message: (name: string) => string): void {
  for (const name of names) if (body[name] !== undefined) refuse(message(name));
}

/** Checks the rules of Grok. Sources: xAI's documentation, "Reasoning"; its errors name parameters in camel case. */
function checkGrok(body: Value): void {
  refuseMembers(
    body,
    ['presence_penalty', 'frequency_penalty', 'stop'],
    (name) => `Argument not supported on this model: ${name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())}`,
  );
  if (body['reasoning_effort'] !== undefined)
    refuse(`Model ${textOf(body['model'])} does not support parameter reasoningEffort.`);
}

/** Checks the rules of GLM. Source: Z.ai's API reference, "Chat completion". */
function checkGlm(body: Value): void {
  refuseMembers(body, ['reasoning_effort', 'max_completion_tokens', 'stream_options'], (name) => `API 调用参数有误: ${name}`);
  const { tool_choice: choice, temperature, stop } = body;
  if (choice !== undefined && choice !== 'auto') refuse('API 调用参数有误: tool_choice only supports auto');
  if (typeof temperature === 'number' && temperature > 1) refuse('API 调用参数有误: temperature');
  if (Array.isArray(stop) && stop.length > 1) refuse('API 调用参数有误: stop');
  if (listOf(body['messages']).some(({ role }) => role === 'developer')) refuse('API 调用参数有误: role');
}

/** Checks the rules of MiniMax. Source: MiniMax's documentation, "OpenAI API compatible". */
function checkMinimax(body: Value): void {
  const { temperature } = body;
  if (typeof temperature === 'number' && (temperature <= 0 || temperature > 1))
    refuse('invalid params, temperature must be in (0, 1]');
  if (listOf(body['messages']).some(({ role }) => role === 'developer')) refuse('invalid params, role: developer');
}

/**
 * Checks the rules of Cohere. Source: Cohere's documentation, "Using Cohere models via the OpenAI SDK", unsupported parameters.
 */
function checkCohere(body: Value): void {
  refuseMembers(
    body,
    ['service_tier', 'parallel_tool_calls', 'top_logprobs', 'user', 'max_completion_tokens'],
    (name) => `invalid request: unsupported parameter ${name}`,
  );
  if (body['reasoning_effort'] !== undefined) refuse('invalid request: reasoning is not supported by this model');
  if (typeof body['temperature'] === 'number' && body['temperature'] > 1)
    refuse('invalid request: temperature must be between 0 and 1.0');
}

/** Checks the rules of Perplexity. Source: Perplexity's API reference, and its error messages. */
function checkPerplexity(body: Value): void {
  if (listOf(body['tools']).length > 0) refuse('Tool calling is not supported for this model');
  const messages = listOf(body['messages']).filter(({ role }) => role !== 'system');
  for (const [n, { role }] of messages.entries()) {
    if (role === 'tool' || role !== (n % 2 === 0 ? 'user' : 'assistant')) {
      refuse('After the (optional) system message(s), user or tool message(s) should alternate with assistant message(s).');
    }
  }
}

/** Checks the rules of Llama. Source: the chat template of Llama 3.1. */
function checkLlama(body: Value): void {
  for (const { tool_calls: calls } of listOf(body['messages'])) {
    if (listOf(calls).length > 1) refuse('This model only supports single tool-calls at once!');
  }
}

const CHECKS: Partial<Readonly<Record<Family, (body: Value) => void>>> = {
  grok: checkGrok,
  glm: checkGlm,
  minimax: checkMinimax,
  cohere: checkCohere,
  perplexity: checkPerplexity,
  llama: checkLlama,
};

/** Checks a request for a family with few rules; returns false for any other family. */
export function checkOther(body: Value, family: Family): boolean {
  CHECKS[family]?.(body);
  return CHECKS[family] !== undefined;
}
