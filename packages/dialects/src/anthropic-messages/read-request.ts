import { readCacheMark } from '../neutral/cache-mark.ts';
import { offeredTools } from '../neutral/own-tools.ts';
import {
  asString,
  defined,
  isBoolean,
  isNumber,
  isString,
  type Json,
  type JsonObject,
  member,
  needList,
  needObject,
  needString,
  optional,
  wrongField,
} from '../neutral/read-json.ts';
import type {
  Effort,
  MediaSource,
  Message,
  NeutralRequest,
  Part,
  ReasoningWish,
  ResponseFormat,
  Tool,
  ToolChoice,
} from '../neutral/request.ts';
import { seal } from '../neutral/sealed.ts';
import { readCitations } from './read-reply.ts';

/** Fields of a request that the neutral form says. */
const SAID = [
  'model',
  'messages',
  'system',
  'max_tokens',
  'stream',
  'stop_sequences',
  'temperature',
  'top_p',
  'top_k',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'output_format',
  'metadata',
  'service_tier',
] as const;

/** Fields that no other dialect can say, and that are no more than a wish. */
const WISHED = [
  'cache_control',
  'context_management',
  'diagnostics',
  'inference_geo',
  'speed',
  'user_profile_id',
  'workspace_id',
] as const;

const SAID_OR_WISHED: ReadonlySet<string> = new Set([...SAID, ...WISHED]);
/** What Anthropic's own tools did in a turn before is left away as it is in an answer: what the model said about it is text. */
const OF_SERVER_TOOLS = /^(server_tool_use|mcp_tool_use|\w+_tool_result)$/;
/** Anthropic's efforts beside OpenAI's. */
const EFFORT: Readonly<Record<string, Effort>> = { low: 'low', medium: 'medium', high: 'high', xhigh: 'xhigh', max: 'xhigh' };

/** Source: Anthropic's API reference, "Messages". */
export function readRequest(body: JsonObject): NeutralRequest {
  const needed = Object.keys(body).filter((name) => body[name] !== null && !SAID_OR_WISHED.has(name));
  const isOwn = ({ type }: JsonObject): boolean => type === undefined || type === null || type === 'custom';
  const offered = body['tools'] == null ? undefined : offeredTools(body['tools'], isOwn);
  const wished = [...WISHED.filter((name) => body[name] !== undefined && body[name] !== null), ...(offered?.left ?? [])];
  const stop = body['stop_sequences'];
  const system = body['system'];
  const messages: Message[] = needList(body['messages'], 'messages').map(readMessage);
  if (system !== undefined && system !== null) messages.unshift({ role: 'system', parts: readContent(system, 'system') });
  return defined({
    messages,
    maxTokens: optional(body['max_tokens'], 'max_tokens', isNumber, 'a number'),
    temperature: optional(body['temperature'], 'temperature', isNumber, 'a number'),
    topP: optional(body['top_p'], 'top_p', isNumber, 'a number'),
    topK: optional(body['top_k'], 'top_k', isNumber, 'a number'),
    stop:
      stop === undefined || stop === null
        ? undefined
        : needList(stop, 'stop_sequences').map((one) => needString(one, 'stop_sequences')),
    tools: offered?.functions.map(({ tool, at }) => readTool(tool, at)),
    ...readToolChoice(body['tool_choice']),
    reasoning: readThinking(body['thinking'], member(body['output_config'], 'effort')),
    format: readFormat(member(body['output_config'], 'format') ?? body['output_format']),
    user: asString(member(body['metadata'], 'user_id')),
    serviceTier: readTier(body['service_tier']),
    only: needed.length + wished.length === 0 ? undefined : { needed, wished },
  });
}

/** `standard_only` is OpenAI's `default`. */
function readTier(value: Json): string | undefined {
  const tier = optional(value, 'service_tier', isString, 'a string');
  return tier === 'standard_only' ? 'default' : tier;
}

function readThinking(thinking: Json, effort: Json): ReasoningWish | undefined {
  const known = asString(effort);
  const wish = known === undefined || !Object.hasOwn(EFFORT, known) ? {} : { effort: EFFORT[known] as Effort };
  if (thinking === undefined || thinking === null) return 'effort' in wish ? wish : undefined;
  switch (member(thinking, 'type')) {
    case 'disabled':
      return { effort: 'none' };
    case 'adaptive':
      return { ...wish, show: true };
    case 'enabled': {
      const budgetTokens = optional(member(thinking, 'budget_tokens'), 'thinking.budget_tokens', isNumber, 'a number');
      return { ...wish, show: true, ...(budgetTokens === undefined ? {} : { budgetTokens }) };
    }
    default:
      return wrongField('thinking.type', 'enabled, adaptive or disabled');
  }
}

function readFormat(value: Json): ResponseFormat | undefined {
  if (value === undefined || value === null) return undefined;
  if (member(value, 'type') !== 'json_schema') return wrongField('output_config.format.type', 'json_schema');
  return { type: 'schema', schema: needObject(member(value, 'schema'), 'output_config.format.schema') };
}

function readToolChoice(value: Json): { toolChoice?: ToolChoice; parallelToolCalls?: boolean } {
  if (value === undefined || value === null) return {};
  const choice = needObject(value, 'tool_choice');
  const one = choice['disable_parallel_tool_use'];
  const parallel = isBoolean(one) ? { parallelToolCalls: !one } : {};
  switch (choice['type']) {
    case 'auto':
    case 'none':
      return { toolChoice: choice['type'], ...parallel };
    case 'any':
      return { toolChoice: 'required', ...parallel };
    case 'tool':
      return { toolChoice: { name: needString(choice['name'], 'tool_choice.name') }, ...parallel };
    default:
      return wrongField('tool_choice.type', 'auto, any, tool or none');
  }
}

function readTool(tool: JsonObject, at: string): Tool {
  return defined({
    name: needString(tool['name'], `${at}.name`),
    description: asString(tool['description']),
    schema: needObject(tool['input_schema'], `${at}.input_schema`),
    strict: isBoolean(tool['strict']) ? tool['strict'] : undefined,
    ...readCacheMark(tool),
  });
}

function readMessage(value: Json, n: number): Message {
  const message = needObject(value, `messages[${n}]`);
  const role = message['role'];
  if (role !== 'user' && role !== 'assistant' && role !== 'system') return wrongField(`messages[${n}].role`, 'user or assistant');
  return { role, parts: readContent(message['content'], `messages[${n}].content`) };
}

function readContent(content: Json, at: string): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return needList(content, at).flatMap((value, n) => {
    const block = needObject(value, `${at}[${n}]`);
    return typeof block['type'] === 'string' && OF_SERVER_TOOLS.test(block['type']) ? [] : [readBlock(block, `${at}[${n}]`)];
  });
}

function readBlock(block: JsonObject, at: string): Part {
  const mark = readCacheMark(block);
  switch (block['type']) {
    case 'text': {
      const citations = readCitations(block['citations']);
      const text = needString(block['text'], `${at}.text`);
      return { type: 'text', text, ...(citations.length === 0 ? {} : { citations }), ...mark };
    }
    case 'image':
      return { type: 'image', source: readSource(block['source'], `${at}.source`), ...mark };
    case 'document': {
      const name = asString(block['title']);
      return {
        type: 'file',
        source: readSource(block['source'], `${at}.source`),
        ...(name === undefined ? {} : { name }),
        ...mark,
      };
    }
    case 'tool_use':
      return {
        type: 'tool_call',
        id: needString(block['id'], `${at}.id`),
        name: needString(block['name'], `${at}.name`),
        arguments: JSON.stringify(block['input'] ?? {}),
        ...mark,
      };
    case 'tool_result': {
      const content = block['content'];
      return {
        type: 'tool_result',
        callId: needString(block['tool_use_id'], `${at}.tool_use_id`),
        parts: content === undefined || content === null ? [] : readContent(content, `${at}.content`),
        ...(block['is_error'] === true ? { isError: true } : {}),
        ...mark,
      };
    }
    case 'thinking': {
      const signature = asString(block['signature']);
      const text = needString(block['thinking'], `${at}.thinking`);
      return {
        type: 'reasoning',
        text,
        ...(signature === undefined || signature === '' ? {} : { signature: seal('anthropic-messages', signature) }),
      };
    }
    case 'redacted_thinking':
      return { type: 'reasoning', text: '', encrypted: seal('anthropic-messages', needString(block['data'], `${at}.data`)) };
    default:
      return wrongField(
        `${at}.type`,
        'text, image, document, tool_use, tool_result, thinking or redacted_thinking, for a model whose provider speaks another dialect',
      );
  }
}

function readSource(value: Json, at: string): MediaSource {
  const source = needObject(value, at);
  switch (source['type']) {
    case 'base64':
      return {
        kind: 'base64',
        mediaType: needString(source['media_type'], `${at}.media_type`),
        data: needString(source['data'], `${at}.data`),
      };
    case 'text':
      return {
        kind: 'base64',
        mediaType: 'text/plain',
        data: Buffer.from(needString(source['data'], `${at}.data`)).toString('base64'),
      };
    case 'url':
      return { kind: 'url', url: needString(source['url'], `${at}.url`) };
    case 'file':
      return { kind: 'id', id: needString(source['file_id'], `${at}.file_id`) };
    default:
      return wrongField(`${at}.type`, 'base64, text, url or file');
  }
}
