import type { Family } from './families.ts';
import { isValue, listOf, member, onlyKnown, refuse, textOf, type Value } from './refusal.ts';
import { isOwn } from './signatures.ts';

const CHAT = [
  ...['messages', 'model', 'audio', 'frequency_penalty', 'function_call', 'functions', 'logit_bias', 'logprobs'],
  ...[
    'max_completion_tokens',
    'max_tokens',
    'metadata',
    'modalities',
    'n',
    'parallel_tool_calls',
    'prediction',
    'presence_penalty',
  ],
  ...[
    'prompt_cache_key',
    'prompt_cache_retention',
    'reasoning_effort',
    'response_format',
    'safety_identifier',
    'seed',
    'service_tier',
  ],
  ...[
    'stop',
    'store',
    'stream',
    'stream_options',
    'temperature',
    'tool_choice',
    'tools',
    'top_logprobs',
    'top_p',
    'user',
    'verbosity',
  ],
];
const RESPONSES = [
  ...[
    'background',
    'client_metadata',
    'context_management',
    'conversation',
    'prompt_cache_retention',
    'include',
    'input',
    'instructions',
    'max_output_tokens',
    'max_tool_calls',
    'metadata',
    'model',
  ],
  ...[
    'parallel_tool_calls',
    'previous_response_id',
    'prompt',
    'prompt_cache_key',
    'reasoning',
    'safety_identifier',
    'service_tier',
  ],
  ...[
    'store',
    'stream',
    'stream_options',
    'temperature',
    'text',
    'tool_choice',
    'tools',
    'top_logprobs',
    'top_p',
    'truncation',
    'user',
  ],
];
/** Members of a message. OpenAI's own SDKs add `parsed` to messages, and return it. */
const MESSAGE = [
  ...['role', 'content', 'tool_calls', 'name', 'refusal', 'audio', 'function_call', 'annotations', 'tool_call_id', 'parsed'],
];

function checkCommon(body: Value, family: Family): void {
  const tools = listOf(body['tools']);
  for (const tool of tools) {
    // OpenAI's own tools of Responses have no name
    if (tool['type'] !== 'function') continue;
    const { name, parameters } = isValue(tool['function']) ? tool['function'] : tool;
    if (!/^[a-zA-Z0-9_-]{1,64}$/.test(textOf(name))) refuse(`Invalid 'tools[0].function.name': string does not match pattern.`);
    if (member(parameters, 'type') === 'object' && !isValue(member(parameters, 'properties'))) {
      refuse(`Invalid schema for function '${textOf(name)}': In context=(), object schema missing properties.`);
    }
  }
  if (tools.length === 0 && body['tool_choice'] !== undefined)
    refuse("'tool_choice' is only allowed when 'tools' are specified.");
  if (tools.length === 0 && body['parallel_tool_calls'] !== undefined) {
    refuse("'parallel_tool_calls' is only allowed when 'tools' are specified.");
  }
  for (const name of ['user', 'safety_identifier']) {
    if (textOf(body[name]).length > 64) refuse(`Invalid '${name}': string too long. Expected a string with maximum length 64.`);
  }
  if (family !== 'openai-reasoning') return;
  for (const name of ['temperature', 'top_p', 'presence_penalty', 'frequency_penalty', 'stop', 'max_tokens', 'logprobs']) {
    if (body[name] !== undefined) refuse(`Unsupported parameter: '${name}' is not supported with this model.`);
  }
}

/** Checks the rules of chat completions. Source: OpenAI's API reference, with its error messages. */
export function checkChat(body: Value, family: Family): void {
  onlyKnown(body, CHAT, (name) => `Unrecognized request argument supplied: ${name}`);
  if (body['stream'] !== true && body['stream_options'] !== undefined) {
    refuse("The 'stream_options' parameter is only allowed when 'stream' is enabled.");
  }
  checkCommon(body, family);
  if (family === 'openai' && body['reasoning_effort'] !== undefined)
    refuse('Unrecognized request argument supplied: reasoning_effort');
  for (const [n, message] of listOf(body['messages']).entries()) {
    onlyKnown(message, MESSAGE, (name) => `Additional properties are not allowed ('${name}' was unexpected) - 'messages.${n}'`);
  }
  checkCalls(listOf(body['messages']), 40);
  checkUnsigned(listOf(body['messages']));
}

/** Refuses members of calls that only Google's models support. */
export function checkUnsigned(messages: readonly Value[]): void {
  for (const [n, { tool_calls: calls }] of messages.entries()) {
    if (listOf(calls).some(({ extra_content: extra }) => extra !== undefined))
      refuse(`Unknown parameter: 'messages[${n}].tool_calls[0].extra_content'.`);
  }
}

/** Checks calls and their results, as all servers of this dialect do. */
export function checkCalls(messages: readonly Value[], maxId: number): void {
  let open = new Set<string>();
  for (const [n, message] of messages.entries()) {
    const { role, content } = message;
    const calls = listOf(message['tool_calls']);
    if (role === 'tool') {
      if (!open.delete(textOf(message['tool_call_id']))) {
        refuse(`messages.[${n}].role: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.`);
      }
      continue;
    }
    if (open.size > 0)
      refuse("An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.");
    if (!['user', 'system', 'developer', 'assistant', 'function'].includes(textOf(role)))
      refuse(`Invalid value: '${textOf(role)}'.`);
    if (
      content === undefined ||
      (content === null && calls.length === 0 && message['refusal'] === undefined && message['function_call'] === undefined)
    ) {
      refuse(`Invalid value for 'content': expected a string, got null. (messages.[${n}].content)`);
    }
    if (Array.isArray(content) && content.length === 0) refuse(`Invalid 'messages[${n}].content': empty array.`);
    open = new Set();
    for (const call of calls) {
      const id = textOf(call['id']);
      if (id === '' || id.length > maxId)
        refuse(`Invalid 'messages[${n}].tool_calls[0].id': string too long. Expected a string with maximum length ${maxId}.`);
      if (typeof member(call['function'], 'arguments') !== 'string') refuse('arguments must be a string');
      if (!/^[a-zA-Z0-9_-]{1,64}$/.test(textOf(member(call['function'], 'name'))))
        refuse(`Invalid 'messages[${n}].tool_calls[0].function.name'`);
      open.add(id);
    }
  }
  if (open.size > 0) refuse("An assistant message with 'tool_calls' must be followed by tool messages.");
}

/** Checks the rules of Responses. Source: OpenAI's API reference, with its error messages. */
export function checkResponses(body: Value, family: Family): void {
  onlyKnown(body, RESPONSES, (name) => `Unknown parameter: '${name}'.`);
  checkCommon(body, family);
  const input = typeof body['input'] === 'string' ? [] : listOf(body['input']);
  const calls = new Set<string>();
  const results = new Set<string>();
  for (const [n, item] of input.entries()) {
    switch (item['type'] ?? 'message') {
      case 'message':
        checkMessage(item, n);
        break;
      case 'function_call': {
        const id = textOf(item['call_id']);
        if (id === '' || id.length > 64) refuse(`Invalid 'input[${n}].call_id': string too long.`);
        if (item['id'] !== undefined && !textOf(item['id']).startsWith('fc'))
          refuse(`Invalid 'input[${n}].id'. Expected an ID that begins with 'fc'.`);
        calls.add(id);
        break;
      }
      case 'function_call_output':
        if (!calls.has(textOf(item['call_id'])))
          refuse(`No tool call found for function call output with call_id ${textOf(item['call_id'])}.`);
        results.add(textOf(item['call_id']));
        break;
      case 'reasoning':
        if (!Array.isArray(item['summary'])) refuse(`Missing required parameter: 'input[${n}].summary'.`);
        if (item['encrypted_content'] != null && !isOwn(family, item['encrypted_content']))
          refuse('The encrypted content could not be verified.');
        break;
      default:
        refuse(`Invalid value: '${textOf(item['type'])}'.`);
    }
  }
  for (const id of calls) if (!results.has(id)) refuse(`No tool output found for function call ${id}.`);
}

function checkMessage({ role, content }: Value, n: number): void {
  const kinds = role === 'assistant' ? ['output_text', 'refusal'] : ['input_text', 'input_image', 'input_file'];
  if (Array.isArray(content) && content.length === 0) refuse(`Invalid 'input[${n}].content': empty array.`);
  for (const part of listOf(content)) {
    if (!kinds.includes(textOf(part['type'])))
      refuse(`Invalid value: '${textOf(part['type'])}'. Supported values are: ${kinds.join(', ')}.`);
  }
}
