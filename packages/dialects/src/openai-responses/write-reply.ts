import type { Usage } from '@sluice/core';
import type { Response } from 'openai/resources/responses/responses';
import type { ReplyContext } from '../dialect.ts';
import type { JsonObject } from '../neutral/read-json.ts';
import type { Choice, FinishReason, NeutralReply } from '../neutral/reply.ts';
import type { Part } from '../neutral/request.ts';
import { writeFinish } from './finish.ts';
import { writeUsage } from './usage.ts';
import {
  callItem,
  imageItem,
  type MessagePart,
  messageItem,
  prefixOf,
  reasoningItem,
  refusalPart,
  textPart,
} from './write-items.ts';

/** Writes a reply. This format has one choice, so only the first is written. */
export function writeReply(reply: NeutralReply, context: ReplyContext): JsonObject {
  const [choice] = reply.choices;
  const id = reply.id === '' ? context.id : reply.id;
  const createdS = reply.createdS ?? context.createdS;
  const { serviceTier, usage } = reply;
  const output = choice === undefined ? [] : writeOutput(choice, id);
  return responseOf({ id, createdS, model: context.model, output, finish: choice?.finish ?? 'stop', usage, serviceTier });
}

/** The response type of the SDK, without the members that the SDK adds itself, and with any tiers and items. */
type Wire = Omit<Response, 'output_text' | 'access_programs' | 'output' | 'service_tier' | 'moderation' | 'image'> & {
  readonly output: readonly JsonObject[];
  readonly service_tier: string;
  readonly store: boolean;
};

interface ResponseParts {
  readonly id: string;
  readonly createdS: number;
  readonly model: string;
  readonly output: readonly JsonObject[];
  /** Undefined while the response is in progress. */
  readonly finish: FinishReason | undefined;
  readonly usage: Usage | undefined;
  readonly serviceTier?: string | undefined;
}

/** Returns the response object with all members that clients expect, even if the provider does not report them. */
export function responseOf({ id, createdS, model, output, finish, usage, serviceTier }: ResponseParts) {
  const state = finish === undefined ? { status: 'in_progress' as const, incomplete_details: null } : writeFinish(finish);
  return {
    id: `resp_${id}`,
    object: 'response' as const,
    created_at: createdS,
    ...state,
    background: false,
    error: null,
    instructions: null,
    max_output_tokens: null,
    metadata: {},
    model,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: serviceTier ?? 'default',
    store: false,
    temperature: null,
    text: { format: { type: 'text' as const } },
    tool_choice: 'auto' as const,
    tools: [],
    top_p: null,
    truncation: 'disabled' as const,
    ...(usage === undefined ? {} : { usage: writeUsage(usage) }),
  } satisfies Wire;
}

/** Writes the output items. Adjacent text and refusal parts form a single message; calls and reasoning are separate items. */
function writeOutput({ parts, logprobs }: Choice, id: string): JsonObject[] {
  const items: JsonObject[] = [];
  let content: MessagePart[] = [];
  let probs = logprobs ?? [];
  const itemId = (prefix: string): string => `${prefix}_${id}_${items.length}`;
  const flush = (): void => {
    if (content.length > 0) items.push(messageItem(itemId('msg'), 'completed', content));
    content = [];
  };
  for (const part of parts) {
    if (part.type === 'text') {
      content.push(textPart(part.text, part.citations ?? [], probs));
      probs = [];
    } else if (part.type === 'refusal') content.push(refusalPart(part.text));
    else {
      flush();
      items.push(...writeItem(part, itemId));
    }
  }
  flush();
  return items;
}

function writeItem(part: Part, itemId: (prefix: string) => string): JsonObject[] {
  if (part.type === 'reasoning') return [reasoningItem(itemId('rs'), part)];
  if (part.type === 'image') return [imageItem(itemId('ig'), part.source)];
  if (part.type !== 'tool_call') return [];
  const call = callItem(itemId(prefixOf(part)), 'completed', part);
  if (part.signature === undefined) return [call];
  // only a separate item can carry the signature that another provider requires with the call
  return [reasoningItem(`${itemId('rs')}s`, { type: 'reasoning', text: '', encrypted: part.signature }), call];
}
