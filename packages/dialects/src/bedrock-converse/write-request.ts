import { defined } from '@sluice/core';
import type { WrittenRequest } from '../dialect.ts';
import { InnerJson } from '../neutral/inner-json.ts';
import { JSON_SENTENCE } from '../neutral/json-sentence.ts';
import { droppedParams } from '../neutral/openai-fields.ts';
import { isObject, type JsonObject, unsupportedParam } from '../neutral/read-json.ts';
import type { Message, NeutralRequest, Part } from '../neutral/request.ts';
import { untagSignature } from '../neutral/sealed.ts';
import { writeMedia } from './media.ts';
import { writeReasoning } from './write-blocks.ts';
import { writeThinking } from './write-thinking.ts';

const PROVIDER = 'Bedrock Converse';
const CACHE_POINT: JsonObject = { cachePoint: { type: 'default' } };

/** Writes a request. The path contains the model, so the body does not. */
export function writeRequest(request: NeutralRequest): WrittenRequest {
  const { only, format } = request;
  const [refused] = only?.needed ?? [];
  if (refused !== undefined) unsupportedParam(refused, PROVIDER);
  if ((request.choices ?? 1) > 1) unsupportedParam('n', PROVIDER);
  if (request.logprobs !== undefined) unsupportedParam('logprobs', PROVIDER);
  const dropped = droppedParams(request);
  for (const [name, value] of [
    ['seed', request.seed],
    ['presence_penalty', request.presencePenalty],
    ['frequency_penalty', request.frequencyPenalty],
    ['user', request.user],
    ['parallel_tool_calls', request.parallelToolCalls === false ? false : undefined],
  ] as const) {
    if (value !== undefined) dropped.push(name);
  }
  const { thinking, thinks, effort } = writeThinking(request, dropped);
  // a reasoning model accepts only its default temperature
  if (thinks && request.temperature !== undefined && request.temperature !== 1) dropped.push('temperature');
  const more = defined({
    thinking,
    output_config: effort === undefined ? undefined : { effort },
    top_k: thinks ? undefined : request.topK,
  });
  const config = defined({
    maxTokens: request.maxTokens,
    temperature: thinks ? undefined : writeTemperature(request.temperature, dropped),
    topP: request.topP,
    stopSequences: request.stop,
  });
  const system = request.messages
    .filter(({ role }) => role === 'system' || role === 'developer')
    .flatMap(({ parts }) => parts.flatMap((part) => writePart(part, new InnerJson())));
  if (format?.type === 'json') {
    system.push({ text: JSON_SENTENCE });
    dropped.push('response_format');
  }
  const body = defined({
    system: system.length === 0 ? undefined : system,
    messages: writeMessages(request.messages),
    inferenceConfig: Object.keys(config).length === 0 ? undefined : config,
    toolConfig: writeTools(request, dropped),
    outputConfig:
      format?.type !== 'schema'
        ? undefined
        : {
            textFormat: {
              type: 'json_schema',
              structure: {
                jsonSchema: defined({
                  name: format.name,
                  description: format.description,
                  schema: JSON.stringify(format.schema),
                }),
              },
            },
          },
    additionalModelRequestFields: Object.keys(more).length === 0 ? undefined : more,
    serviceTier: writeTier(request.serviceTier, dropped),
  });
  return { body, dropped };
}

/** Returns the temperature; Bedrock accepts 0 to 1. */
function writeTemperature(temperature: number | undefined, dropped: string[]): number | undefined {
  if (temperature === undefined || temperature <= 1) return temperature;
  dropped.push('temperature');
  return 1;
}

function writeTier(tier: string | undefined, dropped: string[]): JsonObject | undefined {
  if (tier === undefined || tier === 'auto') return undefined;
  if (tier === 'default' || tier === 'flex' || tier === 'priority') return { type: tier };
  dropped.push('service_tier');
  return undefined;
}

/** Writes the tools. Bedrock has no tool choice `none`, so the tools are omitted instead. */
function writeTools(request: NeutralRequest, dropped: string[]): JsonObject | undefined {
  const { tools, toolChoice: choice, messages } = request;
  if (tools === undefined || tools.length === 0) return undefined;
  if (choice === 'none') {
    const called = messages.some(({ parts }) => parts.some(({ type }) => type === 'tool_call' || type === 'tool_result'));
    // Bedrock requires the tools of calls in the history
    if (!called) return undefined;
    dropped.push('tool_choice');
  }
  const written = tools.flatMap(({ name, description, schema, strict, cache }) => [
    { toolSpec: defined({ name, description, inputSchema: { json: schema }, strict: strict === true ? true : undefined }) },
    ...(cache === undefined ? [] : [CACHE_POINT]),
  ]);
  const toolChoice =
    typeof choice === 'object'
      ? { tool: { name: choice.name } }
      : choice === 'required'
        ? { any: {} }
        : choice === 'auto'
          ? { auto: {} }
          : undefined;
  return defined({ tools: written, toolChoice });
}

/**
 * Writes a conversation. Turns alternate in this format, so adjacent messages of the same role are joined; tool results come
 * first in a turn.
 */
function writeMessages(messages: readonly Message[]): JsonObject[] {
  const inner = new InnerJson();
  const turns: { role: 'user' | 'assistant'; content: JsonObject[] }[] = [];
  for (const { role, parts } of messages) {
    if (role === 'system' || role === 'developer') continue;
    const content = parts.flatMap((part) => writePart(part, inner));
    if (content.length === 0) continue;
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...content);
    else turns.push({ role, content });
  }
  nameApart(turns.flatMap(({ content }) => content));
  const last = turns.at(-1);
  if (last?.role === 'assistant') trimEnd(last.content);
  return turns;
}

/** Makes document names unique: Bedrock refuses two documents with the same name. */
function nameApart(blocks: readonly JsonObject[]): void {
  const documents = blocks.flatMap((block) => (isObject(block['document']) ? [[block, block['document']] as const] : []));
  const names = new Set<unknown>();
  for (const [n, [block, document]] of documents.entries()) {
    const name = names.has(document['name']) ? `${document['name']} ${n + 1}` : document['name'];
    names.add(name);
    Object.assign(block, { document: { ...document, name } });
  }
}

/** Trims the last text: Claude refuses to continue a text that ends in white space. */
function trimEnd(content: JsonObject[]): void {
  const text = content.at(-1)?.['text'];
  if (typeof text === 'string') content[content.length - 1] = { text: text.trimEnd() };
}

function writePart(part: Part, inner: InnerJson): JsonObject[] {
  const block = writeBlock(part, inner);
  return 'cache' in part && part.cache !== undefined && block.length > 0 ? [...block, CACHE_POINT] : block;
}

function writeBlock(part: Part, inner: InnerJson): JsonObject[] {
  switch (part.type) {
    case 'text':
    case 'refusal':
      // Bedrock refuses a text that contains only white space
      return part.text.trim() === '' ? [] : [{ text: part.text }];
    case 'image':
    case 'audio':
    case 'file':
      return [writeMedia(part, PROVIDER)];
    case 'tool_call':
      return [{ toolUse: { toolUseId: part.id, name: part.name, input: inner.arguments(part.arguments) } }];
    case 'tool_result': {
      const content = part.parts.flatMap((one) => writeBlock(one, inner));
      return [
        {
          toolResult: defined({
            toolUseId: part.callId,
            content: content.length === 0 ? [{ text: ' ' }] : content,
            status: part.isError === true ? 'error' : undefined,
          }),
        },
      ];
    }
    case 'reasoning': {
      const sealed = part.encrypted ?? part.signature;
      // Bedrock refuses reasoning without its signature
      if (sealed === undefined || untagSignature('bedrock-converse', sealed) === undefined) return [];
      return writeReasoning(part, (one) => untagSignature('bedrock-converse', one));
    }
  }
}
