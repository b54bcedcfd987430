import type { Family } from './families.ts';
import { checkCalls, checkUnsigned } from './openai.ts';
import { checkOther } from './others.ts';
import { isValue, listOf, member, onlyKnown, refuse, textOf, type Value } from './refusal.ts';
import { isOwn } from './signatures.ts';

const SKIP = 'skip_thought_signature_validator';

const MISTRAL = [
  ...['model', 'messages', 'temperature', 'top_p', 'max_tokens', 'stream', 'stop', 'random_seed', 'response_format', 'tools'],
  ...[
    'tool_choice',
    'presence_penalty',
    'frequency_penalty',
    'n',
    'prediction',
    'parallel_tool_calls',
    'prompt_mode',
    'safe_prompt',
    'metadata',
  ],
];

const MISTRAL_MESSAGE = ['role', 'content', 'tool_calls', 'tool_call_id', 'name', 'prefix'];

/**
 * Checks the rules of providers with their own variant of chat completions. Sources: their documentation, and their error
 * messages.
 */
export function checkCompatible(body: Value, family: Family): void {
  const messages = listOf(body['messages']);
  checkCalls(messages, family === 'mistral' ? 9 : 200);
  if (family.startsWith('gemini')) {
    checkSigned(messages, family);
    return;
  }
  if (family !== 'local') checkUnsigned(messages);
  if (checkOther(body, family)) return;
  if (family === 'mistral') checkMistral(body, messages);
  else if (family === 'local') checkTemplate(messages);
  else {
    checkForcedTool(body, family);
    if (family !== 'qwen') checkReturned(messages, family);
  }
}

const FORCED_TOOL: Partial<Readonly<Record<Family, string>>> = {
  deepseek: 'Thinking mode does not support this tool_choice',
  kimi: "tool_choice 'specified' is incompatible with thinking enabled",
  qwen: 'The tool_choice parameter does not support being set to required or object in thinking mode',
};

/** Checks a forced tool choice. DeepSeek and Kimi reason by default, Qwen only on request. */
function checkForcedTool(body: Value, family: Family): void {
  const choice = body['tool_choice'];
  const reasons = family === 'qwen' ? body['enable_thinking'] === true : member(body['thinking'], 'type') !== 'disabled';
  if (reasons && (choice === 'required' || isValue(choice))) refuse(FORCED_TOOL[family] ?? 'Invalid tool_choice');
}

function checkMistral(body: Value, messages: readonly Value[]): void {
  const last = messages.at(-1);
  if (last?.['role'] === 'assistant' && last['prefix'] !== true) {
    refuse('Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant');
  }
  onlyKnown(body, MISTRAL, (name) => `Extra inputs are not permitted: ${name}`);
  for (const [n, message] of messages.entries()) {
    const { role, tool_calls: calls } = message;
    onlyKnown(message, MISTRAL_MESSAGE, (name) => `Extra inputs are not permitted: messages.${n}.${textOf(role)}.${name}`);
    if (role === 'user' && messages[n - 1]?.['role'] === 'tool') refuse("Unexpected role 'user' after role 'tool'");
    if (role === 'developer') refuse("Input should be 'system', 'user', 'assistant' or 'tool'");
    for (const { id } of listOf(calls)) {
      if (!/^[a-zA-Z0-9]{9}$/.test(textOf(id)))
        refuse(`Tool call id was ${textOf(id)} but must be a-z, A-Z, 0-9, with a length of 9.`);
    }
  }
}

const signatureOf = (call: Value): unknown => member(member(call['extra_content'], 'google'), 'thought_signature');

/**
 * Checks the rules of Google's endpoint of this dialect. Source: Google's documentation, "Thought signatures", OpenAI
 * compatibility.
 */
function checkSigned(messages: readonly Value[], family: Family): void {
  for (const { tool_calls: calls } of messages) {
    for (const [n, call] of listOf(calls).entries()) {
      const signature = signatureOf(call);
      if (signature === undefined && n === 0 && family === 'gemini-3')
        refuse('Function call is missing a thought_signature in functionCall parts.');
      if (signature !== undefined && signature !== SKIP && !isOwn(family, signature)) refuse('Thought signature is not valid.');
    }
  }
}

function checkReturned(messages: readonly Value[], family: Family): void {
  if (family === 'deepseek' && messages.at(-1)?.['role'] === 'assistant') {
    refuse('The last message of deepseek-reasoner must be a user message, or an assistant message with prefix mode on.');
  }
  for (const [n, { role, tool_calls: calls, reasoning_content: reasoning }] of messages.entries()) {
    if (family === 'deepseek' && role === 'developer') {
      refuse(`messages[${n}].role: unknown variant \`developer\`, expected one of \`system\`, \`user\`, \`assistant\`, \`tool\``);
    }
    if (role !== 'assistant' || listOf(calls).length === 0 || textOf(reasoning) !== '') continue;
    refuse(
      family === 'kimi'
        ? `thinking is enabled but reasoning_content is missing in assistant tool call message at index ${n}`
        : `Missing reasoning_content field in the assistant message at message index ${n}`,
    );
  }
}

/** Checks the rules of open models' chat templates, with their error messages. */
function checkTemplate(messages: readonly Value[]): void {
  for (const [n, { role }] of messages.entries()) {
    if ((role === 'system' || role === 'developer') && n > 0) refuse('System message must be at the beginning.');
    if (role === 'developer') refuse('Unexpected message role.');
    if (role === messages[n - 1]?.['role'] && role !== 'tool') {
      refuse('Conversation roles must alternate user/assistant/user/assistant/...');
    }
  }
}
