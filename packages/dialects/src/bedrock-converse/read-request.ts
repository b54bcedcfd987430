import { defined } from '@sluice/core';
import {
  asString,
  isNumber,
  isObject,
  type Json,
  type JsonObject,
  member,
  needList,
  needObject,
  needString,
  optional,
  parseJson,
  wrongField,
} from '../neutral/read-json.ts';
import type { Message, NeutralRequest, Part, ReasoningOptions, ResponseFormat, Tool, ToolChoice } from '../neutral/request.ts';
import { readMedia } from './media.ts';
import { isCachePoint, readText } from './read-blocks.ts';

const READ_FIELDS: ReadonlySet<string> = new Set([
  'messages',
  'system',
  'inferenceConfig',
  'toolConfig',
  'outputConfig',
  'additionalModelRequestFields',
  'additionalModelResponseFieldPaths',
  'serviceTier',
]);
const DROPPABLE: readonly string[] = ['performanceConfig', 'requestMetadata'];

/** Source: Amazon Bedrock's API reference, "Converse". */
export function readRequest(body: JsonObject): NeutralRequest {
  const given = Object.keys(body).filter((name) => body[name] !== null && !READ_FIELDS.has(name));
  const droppable = given.filter((name) => DROPPABLE.includes(name));
  const needed = given.filter((name) => !DROPPABLE.includes(name));
  const config = optional(body['inferenceConfig'], 'inferenceConfig', isObject, 'an object') ?? {};
  const more = body['additionalModelRequestFields'];
  const messages: Message[] = needList(body['messages'], 'messages').map(readMessage);
  const { system, toolConfig } = body;
  if (system !== undefined && system !== null) {
    messages.unshift({ role: 'system', parts: readBlocks(needList(system, 'system'), 'system') });
  }
  const stop = config['stopSequences'];
  return defined({
    messages,
    maxTokens: optional(config['maxTokens'], 'inferenceConfig.maxTokens', isNumber, 'a number'),
    temperature: optional(config['temperature'], 'inferenceConfig.temperature', isNumber, 'a number'),
    topP: optional(config['topP'], 'inferenceConfig.topP', isNumber, 'a number'),
    topK: optional(member(more, 'top_k'), 'additionalModelRequestFields.top_k', isNumber, 'a number'),
    stop:
      stop === undefined || stop === null
        ? undefined
        : needList(stop, 'inferenceConfig.stopSequences').map((one) => needString(one, 'inferenceConfig.stopSequences')),
    ...readTools(toolConfig),
    reasoning: readThinking(member(more, 'thinking')),
    format: readFormat(member(member(body['outputConfig'], 'textFormat'), 'structure')),
    serviceTier: asString(member(body['serviceTier'], 'type')),
    only: needed.length + droppable.length === 0 ? undefined : { needed, droppable },
  });
}

function readThinking(thinking: Json): ReasoningOptions | undefined {
  if (!isObject(thinking)) return undefined;
  if (thinking['type'] === 'disabled') return { effort: 'none' };
  const budgetTokens = optional(
    thinking['budget_tokens'],
    'additionalModelRequestFields.thinking.budget_tokens',
    isNumber,
    'a number',
  );
  return defined({ show: true, budgetTokens });
}

function readFormat(structure: Json): ResponseFormat | undefined {
  const given = member(structure, 'jsonSchema');
  const schema = parseJson(asString(member(given, 'schema')) ?? '');
  if (!isObject(schema)) return undefined;
  return defined({
    type: 'schema' as const,
    name: asString(member(given, 'name')),
    description: asString(member(given, 'description')),
    schema,
  });
}

function readTools(value: Json): { tools?: Tool[]; toolChoice?: ToolChoice } {
  if (value === undefined || value === null) return {};
  const config = needObject(value, 'toolConfig');
  const tools: Tool[] = [];
  for (const [n, one] of needList(config['tools'], 'toolConfig.tools').entries()) {
    if (isCachePoint(one)) {
      const last = tools.at(-1);
      if (last !== undefined) tools[tools.length - 1] = { ...last, cache: {} };
      continue;
    }
    const at = `toolConfig.tools[${n}].toolSpec`;
    const spec = needObject(member(one, 'toolSpec'), at);
    const schema = needObject(member(spec['inputSchema'], 'json'), `${at}.inputSchema.json`);
    const name = needString(spec['name'], `${at}.name`);
    const strict = spec['strict'] === true ? true : undefined;
    tools.push(defined({ name, description: asString(spec['description']), schema, strict }));
  }
  const choice = config['toolChoice'];
  if (!isObject(choice)) return { tools };
  if ('tool' in choice)
    return { tools, toolChoice: { name: needString(member(choice['tool'], 'name'), 'toolConfig.toolChoice.tool.name') } };
  return { tools, toolChoice: 'any' in choice ? 'required' : 'auto' };
}

function readMessage(value: Json, n: number): Message {
  const message = needObject(value, `messages[${n}]`);
  const { role } = message;
  if (role !== 'user' && role !== 'assistant') return wrongField(`messages[${n}].role`, 'user or assistant');
  const at = `messages[${n}].content`;
  return { role, parts: readBlocks(needList(message['content'], at), at) };
}

function readBlocks(blocks: readonly Json[], at: string): Part[] {
  const parts: Part[] = [];
  for (const [n, value] of blocks.entries()) {
    const block = needObject(value, `${at}[${n}]`);
    if (isCachePoint(block)) {
      const last = parts.at(-1);
      if (last !== undefined && last.type !== 'reasoning' && last.type !== 'refusal')
        parts[parts.length - 1] = { ...last, cache: {} };
      continue;
    }
    parts.push(...readBlock(block, `${at}[${n}]`));
  }
  return parts;
}

function readBlock(block: JsonObject, at: string): Part[] {
  const result = block['toolResult'];
  if (isObject(result)) {
    const content = needList(result['content'], `${at}.toolResult.content`).map((one) =>
      isObject(one) && isObject(one['json']) ? { text: JSON.stringify(one['json']) } : one,
    );
    const callId = needString(result['toolUseId'], `${at}.toolResult.toolUseId`);
    const parts = readBlocks(content, `${at}.toolResult.content`);
    return [{ type: 'tool_result', callId, parts, ...(result['status'] === 'error' ? { isError: true } : {}) }];
  }
  const media = readMedia(block);
  if (media !== undefined) return [media];
  if ('text' in block || 'toolUse' in block || 'reasoningContent' in block) return readText(block);
  return wrongField(at, 'text, image, document, toolUse, toolResult, reasoningContent or cachePoint');
}
