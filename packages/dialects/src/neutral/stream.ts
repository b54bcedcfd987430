import type { Usage } from '@sluice/core';
import { joinedAudio } from './pcm.ts';
import type { FinishReason, NeutralReply, TokenLogprob } from './reply.ts';
import type { Citation, MediaSource, Part, ToolForm } from './request.ts';

/**
 * An event of a stream in the neutral form. A delta belongs to the open part of its choice; a delta of another type, or another
 * tool call, opens the next part. A writer with content blocks thus knows when to close one, and a writer without blocks needs
 * no markers.
 */
export type NeutralEvent =
  | {
      readonly type: 'start';
      readonly id: string;
      readonly model: string;
      readonly createdS?: number | undefined;
      readonly usage?: Usage | undefined;
    }
  | {
      readonly type: 'text';
      readonly choice: number;
      readonly text: string;
      readonly logprobs?: readonly TokenLogprob[] | undefined;
      readonly citations?: readonly Citation[] | undefined;
    }
  | { readonly type: 'refusal'; readonly choice: number; readonly text: string }
  /** A generated image, in one piece. */
  | { readonly type: 'image'; readonly choice: number; readonly source: MediaSource }
  /** A piece of generated audio. */
  | { readonly type: 'audio'; readonly choice: number; readonly source: MediaSource }
  | {
      readonly type: 'reasoning';
      readonly choice: number;
      readonly text: string;
      /** Ends the open part. */
      readonly signature?: string | undefined;
      readonly encrypted?: string | undefined;
    }
  | {
      readonly type: 'tool_call';
      readonly choice: number;
      /** Index of the choice's tool call, from 0: several calls may be written alternately. */
      readonly call: number;
      readonly id: string;
      readonly name: string;
      readonly form?: ToolForm | undefined;
      readonly signature?: string | undefined;
    }
  | { readonly type: 'tool_arguments'; readonly choice: number; readonly call: number; readonly text: string }
  | {
      readonly type: 'finish';
      readonly choice: number;
      readonly reason: FinishReason;
      readonly stopSequence?: string | undefined;
    }
  | { readonly type: 'usage'; readonly usage: Usage };

interface OpenChoice {
  parts: Part[];
  calls: Map<number, number>;
  finish: FinishReason;
  stopSequence?: string;
  logprobs?: TokenLogprob[];
}

/** Collects a stream's events into a whole reply. */
export function collectEvents(events: Iterable<NeutralEvent>): NeutralReply {
  let head: { id: string; model: string; createdS?: number | undefined } = { id: '', model: '' };
  let usage: Usage | undefined;
  const choices: OpenChoice[] = [];
  const choiceOf = (index: number): OpenChoice => {
    choices[index] ??= { parts: [], calls: new Map(), finish: 'stop' };
    return choices[index];
  };
  for (const event of events) {
    if (event.type === 'start') {
      const { type: _type, usage: first, ...rest } = event;
      head = rest;
      usage = first ?? usage;
      continue;
    }
    if (event.type === 'usage') {
      usage = event.usage;
      continue;
    }
    const choice = choiceOf(event.choice);
    addTo(choice, event);
  }
  return {
    ...head,
    // an index may be any number
    choices: Object.values(choices).map(({ parts, finish, stopSequence, logprobs }) => ({
      parts,
      finish,
      stopSequence,
      logprobs,
    })),
    usage,
  };
}

function addTo(choice: OpenChoice, event: Exclude<NeutralEvent, { type: 'start' | 'usage' }>): void {
  const { parts } = choice;
  const last = parts.length - 1;
  const open = parts[last];
  switch (event.type) {
    case 'text': {
      if (event.logprobs !== undefined) choice.logprobs = [...(choice.logprobs ?? []), ...event.logprobs];
      if (open?.type === 'text') {
        const citations = [...(open.citations ?? []), ...(event.citations ?? [])];
        parts[last] = { ...open, text: open.text + event.text, citations: citations.length > 0 ? citations : undefined };
      } else if (event.text !== '') {
        parts.push({ type: 'text', text: event.text, citations: event.citations });
      }
      return;
    }
    case 'refusal':
      if (open?.type === 'refusal') parts[last] = { type: 'refusal', text: open.text + event.text };
      else parts.push({ type: 'refusal', text: event.text });
      return;
    case 'reasoning': {
      if (event.encrypted !== undefined) {
        parts.push({ type: 'reasoning', text: event.text, encrypted: event.encrypted });
        return;
      }
      const { signature } = event;
      if (open?.type === 'reasoning' && open.signature === undefined && open.encrypted === undefined) {
        parts[last] = { ...open, text: open.text + event.text, signature };
      } else {
        parts.push({ type: 'reasoning', text: event.text, signature });
      }
      return;
    }
    case 'image':
      parts.push({ type: 'image', source: event.source });
      return;
    case 'audio': {
      const source = open?.type === 'audio' ? joinedAudio(open.source, event.source) : undefined;
      if (source === undefined) parts.push({ type: 'audio', source: event.source });
      else parts[last] = { type: 'audio', source };
      return;
    }
    case 'tool_call': {
      choice.calls.set(event.call, parts.length);
      const { id, name, form, signature } = event;
      parts.push({ type: 'tool_call', id, arguments: '', name, form, signature });
      return;
    }
    case 'tool_arguments': {
      const at = choice.calls.get(event.call);
      const call = at === undefined ? undefined : parts[at];
      if (at !== undefined && call?.type === 'tool_call') parts[at] = { ...call, arguments: call.arguments + event.text };
      return;
    }
    case 'finish':
      choice.finish = event.reason;
      if (event.stopSequence !== undefined) choice.stopSequence = event.stopSequence;
  }
}
