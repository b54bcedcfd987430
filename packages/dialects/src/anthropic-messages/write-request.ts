import type { MessageCreateParamsBase } from '@anthropic-ai/sdk/resources/messages/messages';
import type { WrittenRequest } from '../dialect.ts';
import { budgetOf } from '../neutral/effort.ts';
import { InnerJson } from '../neutral/inner-json.ts';
import { unsaidWishes } from '../neutral/openai-fields.ts';
import { cannotSay, defined, type JsonObject } from '../neutral/read-json.ts';
import type { CacheMark, MediaSource, Message, NeutralRequest, Part, Reasoning, Tool } from '../neutral/request.ts';
import { unseal } from '../neutral/sealed.ts';
import { writeCitations } from './write-reply.ts';

const PROVIDER = 'Anthropic messages';

const own = (sealed: string): string | undefined => unseal('anthropic-messages', sealed);

/** Anthropic wants a limit; where the caller gave none, this one, which every current model allows. */
const DEFAULT_MAX_TOKENS = 8_192;
/** The least budget of thought that is taken. */
const MIN_BUDGET = 1_024;

export function writeRequest(request: NeutralRequest, model: string, stream: boolean): WrittenRequest {
  const { only, format, reasoning, toolChoice } = request;
  const [refused] = only?.needed ?? [];
  if (refused !== undefined) cannotSay(refused, PROVIDER);
  if ((request.choices ?? 1) > 1) cannotSay('n', PROVIDER);
  if (request.logprobs !== undefined) cannotSay('logprobs', PROVIDER);
  if (format?.type === 'json') cannotSay('response_format', PROVIDER);
  const dropped = unsaidWishes(request);
  for (const [name, value] of [
    ['seed', request.seed],
    ['presence_penalty', request.presencePenalty],
    ['frequency_penalty', request.frequencyPenalty],
  ] as const) {
    if (value !== undefined) dropped.push(name);
  }

  let maxTokens = request.maxTokens ?? DEFAULT_MAX_TOKENS;
  const budget = reasoning === undefined ? undefined : budgetOf(reasoning);
  let thinking: JsonObject | undefined;
  if (budget === 0) thinking = { type: 'disabled' };
  else if (budget !== undefined) {
    // thoughts count against the limit: a limit of the caller's own holds for both, one of ours is on top
    if (request.maxTokens === undefined) maxTokens += budget;
    const fits = Math.min(budget, maxTokens - 1);
    if (fits >= MIN_BUDGET) thinking = { type: 'enabled', budget_tokens: fits };
    else dropped.push('reasoning_effort');
  } else if (reasoning?.show === true) thinking = { type: 'adaptive' };
  const thinks = thinking !== undefined && thinking['type'] !== 'disabled';
  // what thinks takes no other temperature than its own
  if (thinks && request.temperature !== undefined && request.temperature !== 1) dropped.push('temperature');
  if (thinks && request.topK !== undefined) dropped.push('top_k');

  const { system, messages } = writeMessages(request.messages);
  const choice =
    toolChoice === undefined
      ? undefined
      : typeof toolChoice === 'object'
        ? { type: 'tool', name: toolChoice.name }
        : { type: toolChoice === 'required' ? 'any' : toolChoice };
  const parallel = request.parallelToolCalls;
  const tools = request.tools?.map(writeTool);
  const body = defined({
    model,
    max_tokens: maxTokens,
    system: system.length === 0 ? undefined : system,
    messages,
    tools,
    tool_choice:
      parallel !== false || tools === undefined || toolChoice === 'none'
        ? choice
        : { ...(choice ?? { type: 'auto' }), disable_parallel_tool_use: true },
    temperature: thinks ? undefined : request.temperature,
    top_p: request.topP,
    top_k: thinks ? undefined : request.topK,
    stop_sequences: request.stop,
    thinking,
    output_config: format?.type === 'schema' ? { format: { type: 'json_schema', schema: format.schema } } : undefined,
    metadata: request.user === undefined ? undefined : { user_id: request.user },
    service_tier: writeTier(request.serviceTier, dropped),
    stream: stream ? (true as const) : undefined,
  }) satisfies Partial<Record<keyof MessageCreateParamsBase | 'temperature' | 'top_p' | 'top_k', unknown>>;
  return { body, dropped };
}

function writeTier(tier: string | undefined, dropped: string[]): string | undefined {
  if (tier === undefined || tier === 'auto') return tier;
  if (tier === 'default') return 'standard_only';
  dropped.push('service_tier');
  return undefined;
}

function writeTool(tool: Tool): JsonObject {
  const { name, description, schema, strict, cache } = tool;
  return defined({ name, description, input_schema: schema, strict: strict === true ? true : undefined, ...markOf(cache) });
}

const markOf = (cache: CacheMark | undefined): JsonObject =>
  cache === undefined ? {} : { cache_control: defined({ type: 'ephemeral', ttl: cache.ttl }) };

/** What a system or a developer says stands before everything else here; and turns alternate, so neighbours of one role are put together. */
function writeMessages(messages: readonly Message[]): { system: JsonObject[]; messages: JsonObject[] } {
  const inner = new InnerJson();
  const system: JsonObject[] = [];
  const turns: { role: 'user' | 'assistant'; content: JsonObject[] }[] = [];
  for (const { role, parts } of messages) {
    const blocks = parts.flatMap((part) => writePart(part, inner));
    if (role === 'system' || role === 'developer') {
      system.push(...blocks);
      continue;
    }
    if (blocks.length === 0) continue;
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else turns.push({ role, content: blocks });
  }
  // results of tools come first in a user's turn
  for (const { content } of turns) content.sort((a, b) => rank(a) - rank(b));
  return { system, messages: turns };
}

const rank = (block: JsonObject): number => (block['type'] === 'tool_result' ? 0 : 1);

function writePart(part: Part, inner: InnerJson): JsonObject[] {
  switch (part.type) {
    case 'text': {
      // an empty text is refused
      if (part.text === '') return [];
      const citations = writeCitations(part.citations ?? []);
      return [
        defined({
          type: 'text',
          text: part.text,
          citations: citations.length === 0 ? undefined : citations,
          ...markOf(part.cache),
        }),
      ];
    }
    case 'refusal':
      return [{ type: 'text', text: part.text }];
    case 'image':
      return [{ type: 'image', source: writeSource(part.source), ...markOf(part.cache) }];
    case 'file': {
      const { source } = part;
      const text = source.kind === 'base64' && source.mediaType.startsWith('text/');
      const written = text
        ? { type: 'text', media_type: 'text/plain', data: Buffer.from(source.data, 'base64').toString('utf8') }
        : writeSource(source);
      return [defined({ type: 'document', source: written, title: part.name, ...markOf(part.cache) })];
    }
    case 'audio':
      return cannotSay('input_audio', PROVIDER);
    case 'tool_call': {
      const input = inner.arguments(part.arguments);
      const call = { type: 'tool_use', id: part.id, name: part.name, input, ...markOf(part.cache) };
      const signature = part.signature === undefined ? undefined : own(part.signature);
      return signature === undefined ? [call] : [{ type: 'redacted_thinking', data: signature }, call];
    }
    case 'tool_result':
      return [
        defined({
          type: 'tool_result',
          tool_use_id: part.callId,
          content: part.parts.flatMap((one) => writePart(one, inner)),
          is_error: part.isError === true ? true : undefined,
          ...markOf(part.cache),
        }),
      ];
    case 'reasoning':
      return writeThought(part);
  }
}

/** A thought without its signature, or with another provider's, is not taken back. */
function writeThought({ text, signature, encrypted }: Reasoning): JsonObject[] {
  const sealed = encrypted ?? signature;
  const opened = sealed === undefined ? undefined : own(sealed);
  if (opened === undefined) return [];
  return encrypted === undefined
    ? [{ type: 'thinking', thinking: text, signature: opened }]
    : [{ type: 'redacted_thinking', data: opened }];
}

function writeSource(source: MediaSource): JsonObject {
  switch (source.kind) {
    case 'base64':
      return { type: 'base64', media_type: source.mediaType, data: source.data };
    case 'url':
      return { type: 'url', url: source.url };
    case 'id':
      return { type: 'file', file_id: source.id };
  }
}
