import type { Family } from './families.ts';
import { isValue, listOf, member, onlyKnown, refuse, textOf, type Value } from './refusal.ts';
import { isOwn } from './signatures.ts';

const FIELDS = [
  ...['model', 'messages', 'max_tokens', 'system', 'metadata', 'stop_sequences', 'stream', 'temperature', 'top_p', 'top_k'],
  ...['tools', 'tool_choice', 'thinking', 'output_config', 'output_format', 'service_tier', 'container', 'context_management'],
  // fields of Amazon's InvokeModel, where the path contains the model
  ...['anthropic_version', 'anthropic_beta'],
  ...['cache_control', 'inference_geo', 'speed', 'mcp_servers', 'diagnostics', 'thread', 'user_profile_id', 'workspace_id'],
];
const IMAGES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];

/**
 * Checks the rules of Anthropic's Messages API. Source: Anthropic's API reference and documentation, with its error messages.
 */
export function checkClaude(body: Value, family: Family): void {
  onlyKnown(body, FIELDS, (name) => `${name}: Extra inputs are not permitted`);
  if (!Number.isInteger(body['max_tokens'])) refuse('max_tokens: Field required');
  checkSampling(body, family);
  checkThinking(body, family);
  checkTools(body);
  checkFormat(body);
  for (const sequence of Array.isArray(body['stop_sequences']) ? body['stop_sequences'] : []) {
    if (textOf(sequence).trim() === '') refuse('stop_sequences: each stop sequence must contain non-whitespace');
  }
  const user = member(body['metadata'], 'user_id');
  if (typeof user === 'string' && (user.length > 256 || user.includes('@')))
    refuse('metadata.user_id: must be an opaque identifier');
  for (const block of listOf(body['system'])) {
    if (textOf(block['text']).trim() === '') refuse('system: text content blocks must contain non-whitespace text');
  }
  checkMessages(body, family);
}

function checkSampling(body: Value, family: Family): void {
  const { temperature, top_p: topP, top_k: topK } = body;
  if (typeof temperature === 'number' && temperature > 1) refuse('temperature: Input should be less than or equal to 1');
  if (family === 'claude-4.7') {
    for (const [name, value] of Object.entries({ temperature, topP, topK })) {
      if (value !== undefined && !(name === 'temperature' && value === 1)) refuse(`\`${name}\` is not supported for this model.`);
    }
  } else if (temperature !== undefined && topP !== undefined) {
    refuse('`temperature` and `top_p` cannot both be specified for this model. Please use only one.');
  }
}

function checkThinking(body: Value, family: Family): void {
  const { thinking, temperature, max_tokens: limit, tool_choice: choice } = body;
  const type = member(thinking, 'type');
  const effort = member(body['output_config'], 'effort');
  if (family === 'claude-4.7' && type === 'enabled') {
    refuse('"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort".');
  }
  if (family === 'claude-4.5' && type === 'adaptive') refuse('adaptive thinking is not supported on this model');
  if (family === 'claude-4.5' && effort !== undefined) refuse('This model does not support the effort parameter.');
  if (type !== 'enabled' && type !== 'adaptive') return;
  if (choice !== undefined && !['auto', 'none'].includes(textOf(member(choice, 'type')))) {
    refuse('Thinking may not be enabled when tool_choice forces tool use.');
  }
  if (type === 'adaptive') return;
  const budget = Number(member(thinking, 'budget_tokens'));
  if (!(budget >= 1_024)) refuse('thinking.enabled.budget_tokens: Input should be greater than or equal to 1024');
  if (budget >= Number(limit)) refuse('`max_tokens` must be greater than `thinking.budget_tokens`.');
  if (temperature !== undefined && temperature !== 1) refuse('`temperature` may only be set to 1 when thinking is enabled.');
}

function checkTools(body: Value): void {
  const tools = listOf(body['tools']);
  if (Array.isArray(body['tools']) && tools.length === 0) return;
  if (tools.length === 0 && body['tool_choice'] !== undefined) refuse('tool_choice may only be specified while providing tools');
  for (const [n, tool] of tools.entries()) {
    // Anthropic's own tools have no schema
    if (tool['type'] !== undefined && tool['type'] !== 'custom') continue;
    if (!/^[a-zA-Z0-9_-]{1,128}$/.test(textOf(tool['name']))) refuse(`tools.${n}.custom.name: String should match pattern`);
    const schema = tool['input_schema'];
    if (member(schema, 'type') !== 'object') refuse(`tools.${n}.custom.input_schema.type: Field required`);
    for (const name of ['oneOf', 'allOf', 'anyOf']) {
      if (member(schema, name) !== undefined) {
        refuse(`tools.${n}.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level`);
      }
    }
  }
}

function checkFormat(body: Value): void {
  const format = member(body['output_config'], 'format');
  if (format !== undefined) checkSchema(member(format, 'schema'));
}

function checkSchema(schema: unknown): void {
  if (Array.isArray(schema)) for (const one of schema) checkSchema(one);
  if (!isValue(schema)) return;
  if (schema['type'] === 'object' && schema['additionalProperties'] !== false) {
    refuse("output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false");
  }
  for (const name of ['minimum', 'maximum', 'multipleOf', 'minLength', 'maxLength', 'maxItems']) {
    if (typeof schema[name] === 'number') refuse(`output_config.format.schema: property '${name}' is not supported`);
  }
  for (const value of Object.values(schema)) checkSchema(value);
}

function checkMessages(body: Value, family: Family): void {
  const messages = listOf(body['messages']);
  if (messages[0]?.['role'] !== 'user') refuse('messages: first message must use the "user" role');
  let open = new Set<string>();
  const known = new Set<string>();
  for (const [n, message] of messages.entries()) {
    const { role, content } = message;
    if (role !== 'user' && role !== 'assistant') refuse(`messages.${n}.role: Input should be 'user' or 'assistant'`);
    const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : listOf(content);
    if (blocks.length === 0) refuse(`messages.${n}: all messages must have non-empty content`);
    const results = blocks.filter(({ type }) => type === 'tool_result').map((block) => textOf(member(block, 'tool_use_id')));
    for (const id of open)
      if (!results.includes(id)) refuse(`messages.${n}: \`tool_use\` ids were found without \`tool_result\` blocks: ${id}`);
    for (const id of results)
      if (!open.has(id)) refuse(`messages.${n}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}`);
    open = new Set();
    for (const block of blocks)
      checkBlock(block, { n, family, open, known, last: n === messages.length - 1 && role === 'assistant' });
  }
  if (family === 'claude-4.7' && messages.at(-1)?.['role'] === 'assistant') {
    refuse('This model does not support assistant message prefill. The conversation must end with a user message.');
  }
  if (open.size > 0) refuse('`tool_use` ids were found without `tool_result` blocks immediately after');
  if (known.size > 0 && body['tools'] === undefined) {
    refuse('Requests which include `tool_use` or `tool_result` blocks must define tools');
  }
  if (member(body['thinking'], 'type') === 'enabled') checkLoop(messages);
}

interface At {
  readonly n: number;
  readonly family: Family;
  readonly open: Set<string>;
  readonly known: Set<string>;
  readonly last: boolean;
}

function checkBlock(block: Value, { n, family, open, known, last }: At): void {
  switch (block['type']) {
    case 'text': {
      const text = textOf(block['text']);
      if (text.trim() === '') refuse(`messages.${n}: text content blocks must contain non-whitespace text`);
      if (last && /\s$/.test(text)) refuse('messages: final assistant content cannot end with trailing whitespace');
      return;
    }
    case 'image':
      if (member(block['source'], 'type') === 'base64' && !IMAGES.includes(textOf(member(block['source'], 'media_type')))) {
        refuse(`messages.${n}.content.image.source.base64.media_type: Input should be ${IMAGES.join(', ')}`);
      }
      return;
    case 'tool_use': {
      const id = textOf(block['id']);
      if (!/^[a-zA-Z0-9_-]+$/.test(id))
        refuse(`messages.${n}.content.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`);
      if (known.has(id)) refuse(`messages.${n}: \`tool_use\` ids must be unique`);
      if (!isValue(block['input'])) refuse(`messages.${n}.content.tool_use.input: Input should be a valid dictionary`);
      open.add(id);
      known.add(id);
      return;
    }
    case 'thinking':
      if (!isOwn(family, block['signature'])) refuse(`messages.${n}.content: Invalid \`signature\` in \`thinking\` block`);
      return;
    case 'redacted_thinking':
      if (!isOwn(family, block['data'])) refuse(`messages.${n}.content: Invalid \`data\` in \`redacted_thinking\` block`);
      return;
    case 'document':
    case 'tool_result':
      return;
    default:
      refuse(`messages.${n}.content: Input tag '${textOf(block['type'])}' does not match any of the expected tags`);
  }
}

/** Checks that a call of the current turn follows reasoning, as Claude requires with a budget. */
function checkLoop(messages: readonly Value[]): void {
  const asked = messages.findLastIndex(
    ({ role, content }) =>
      role === 'user' && (typeof content === 'string' || listOf(content).some(({ type }) => type !== 'tool_result')),
  );
  for (const { role, content } of messages.slice(asked + 1)) {
    const types = listOf(content).map(({ type }) => textOf(type));
    if (role === 'assistant' && types.includes('tool_use') && !/thinking$/.test(types[0] ?? '')) {
      refuse('messages: Expected `thinking` or `redacted_thinking`, but found `tool_use`.');
    }
  }
}
