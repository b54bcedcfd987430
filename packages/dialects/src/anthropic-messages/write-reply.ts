import type { ReplyContext } from '../dialect.ts';
import { defined, isObject, type JsonObject, parseJson } from '../neutral/read-json.ts';
import type { NeutralReply } from '../neutral/reply.ts';
import type { Citation, Part } from '../neutral/request.ts';
import { unsealOwn } from '../neutral/sealed.ts';
import { writeFinish } from './finish.ts';
import { writeUsage } from './usage.ts';

const opened = (sealed: string): string => unsealOwn('anthropic-messages', sealed);

/** This wire has one choice; of several the first is written. */
export function writeReply(reply: NeutralReply, context: ReplyContext): JsonObject {
  const [choice] = reply.choices;
  return {
    id: `msg_${reply.id === '' ? context.id : reply.id}`,
    type: 'message',
    role: 'assistant',
    model: context.model,
    content: (choice?.parts ?? []).flatMap(writeBlock),
    stop_reason: writeFinish(choice?.finish ?? 'stop'),
    stop_sequence: choice?.stopSequence ?? null,
    usage: writeUsage(reply.usage ?? { inputTokens: 0, outputTokens: 0 }),
  };
}

function writeBlock(part: Part): JsonObject[] {
  switch (part.type) {
    case 'text': {
      const citations = writeCitations(part.citations ?? []);
      return [{ type: 'text', text: part.text, citations: citations.length === 0 ? null : citations }];
    }
    case 'refusal':
      return [{ type: 'text', text: part.text, citations: null }];
    case 'tool_call': {
      const input = parseJson(part.arguments === '' ? '{}' : part.arguments);
      const call = { type: 'tool_use', id: part.id, name: part.name, input: isObject(input) ? input : {} };
      // a block of its own is the only place for what another provider wants back with the call
      return part.signature === undefined ? [call] : [{ type: 'redacted_thinking', data: opened(part.signature) }, call];
    }
    case 'reasoning':
      return part.encrypted === undefined
        ? [{ type: 'thinking', thinking: part.text, signature: part.signature === undefined ? '' : opened(part.signature) }]
        : [{ type: 'redacted_thinking', data: opened(part.encrypted) }];
    default:
      return [];
  }
}

/** Sources with an address. */
export function writeCitations(citations: readonly Citation[]): JsonObject[] {
  return citations
    .filter(({ url }) => url !== undefined)
    .map(({ url, title, text }) =>
      defined({ type: 'web_search_result_location', url, title: title ?? null, cited_text: text ?? '', encrypted_index: '' }),
    );
}
