import { defined } from '@sluice/core';
import { InnerJson } from '../neutral/inner-json.ts';
import { type JsonObject, unsupportedParam } from '../neutral/read-json.ts';
import type { CacheMark, MediaSource, Message, Part, Reasoning } from '../neutral/request.ts';
import { untagSignature } from '../neutral/sealed.ts';
import { writeCitations } from './write-reply.ts';

const PROVIDER = 'Anthropic messages';

const own = (sealed: string): string | undefined => untagSignature('anthropic-messages', sealed);

/** A turn in this format. */
export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: JsonObject[];
}

export const markOf = (cache: CacheMark | undefined): JsonObject =>
  cache === undefined ? {} : { cache_control: defined({ type: 'ephemeral', ttl: cache.ttl }) };

/**
 * Writes a conversation. This format has system and developer messages at the top, and alternating turns, so adjacent messages
 * of the same role are joined.
 */
export function writeMessages(messages: readonly Message[]): { system: JsonObject[]; messages: Turn[] } {
  const inner = new InnerJson();
  const system: JsonObject[] = [];
  const turns: Turn[] = [];
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
  // tool results come first in a user's turn
  for (const { content } of turns) content.sort((a, b) => rank(a) - rank(b));
  const last = turns.at(-1);
  if (last?.role === 'assistant') trimEnd(last.content);
  return { system, messages: turns };
}

/** Trims the last text: a text that the model continues must not end in white space. */
function trimEnd(content: JsonObject[]): void {
  const last = content.at(-1);
  if (last?.['type'] === 'text') content[content.length - 1] = { ...last, text: (last['text'] as string).trimEnd() };
}

const rank = (block: JsonObject): number => (block['type'] === 'tool_result' ? 0 : 1);

function writePart(part: Part, inner: InnerJson): JsonObject[] {
  switch (part.type) {
    case 'text': {
      // Anthropic refuses a text that contains only white space
      if (part.text.trim() === '') return [];
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
      return part.text.trim() === '' ? [] : [{ type: 'text', text: part.text }];
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
      return unsupportedParam('input_audio', PROVIDER);
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

/** Writes reasoning. Anthropic refuses reasoning without a signature, or with another provider's. */
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
