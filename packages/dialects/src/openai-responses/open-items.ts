import type { JsonObject } from '../neutral/read-json.ts';
import type { TokenLogprob } from '../neutral/reply.ts';
import type { Citation, Reasoning } from '../neutral/request.ts';
import { messageItem, reasoningItem, refusalPart, textPart } from './write-items.ts';

export type ItemPosition = { readonly index: number; readonly id: string };
export type OpenText = ItemPosition & { readonly kind: 'text'; text: string; citations: Citation[]; logprobs: TokenLogprob[] };
export type OpenRefusal = ItemPosition & { readonly kind: 'refusal'; text: string };
export type OpenReasoning = ItemPosition & { readonly kind: 'reasoning'; text: string; signature: string | undefined };
export type Open = OpenText | OpenRefusal | OpenReasoning;

/** Returns the members that refer to an event's item. */
export const at = ({ index, id }: ItemPosition) => ({ item_id: id, output_index: index });

/** The events that close an item, and the complete item. */
export interface Closing {
  readonly events: readonly (readonly [type: string, more: JsonObject])[];
  readonly item: JsonObject;
}

export function closing(open: Open): Closing {
  const where = at(open);
  if (open.kind === 'reasoning') return closingReasoning(open);
  const part = open.kind === 'text' ? textPart(open.text, open.citations, open.logprobs) : refusalPart(open.text);
  const textDone: [string, JsonObject] =
    part.type === 'output_text'
      ? ['response.output_text.done', { ...where, content_index: 0, text: part.text, logprobs: part.logprobs }]
      : ['response.refusal.done', { ...where, content_index: 0, refusal: part.refusal }];
  const done: [string, JsonObject] = ['response.content_part.done', { ...where, content_index: 0, part }];
  return { events: [textDone, done], item: messageItem(open.id, 'completed', [part]) };
}

function closingReasoning(open: OpenReasoning): Closing {
  const { id, text, signature } = open;
  const where = { ...at(open), summary_index: 0 };
  const reasoning: Reasoning = { type: 'reasoning', text, signature };
  return {
    events: [
      ['response.reasoning_summary_text.done', { ...where, text }],
      ['response.reasoning_summary_part.done', { ...where, part: { type: 'summary_text', text } }],
    ],
    item: reasoningItem(id, reasoning),
  };
}
