import type {
  CitationsWebSearchResultLocation,
  Message,
  RedactedThinkingBlock,
  TextBlock,
  ThinkingBlock,
  ToolUseBlock,
  Usage,
} from '@anthropic-ai/sdk/resources/messages/messages';
import type { ReplyContext } from '../dialect.ts';
import { imageText } from '../neutral/image-text.ts';
import { isObject, parseJson } from '../neutral/read-json.ts';
import type { NeutralReply } from '../neutral/reply.ts';
import type { Citation, Part } from '../neutral/request.ts';
import { UNSIGNED, untagOwnSignature } from '../neutral/sealed.ts';
import { writeFinish } from './finish.ts';
import { writeUsage } from './usage.ts';

const opened = (sealed: string): string => untagOwnSignature('anthropic-messages', sealed);

/** Blocks of a reply. A tool call has no `caller`, because no server tool made it. */
type Block = TextBlock | Omit<ToolUseBlock, 'caller'> | ThinkingBlock | RedactedThinkingBlock;

/** Writes a reply. This format has one choice, so only the first is written. */
export function writeReply(reply: NeutralReply, context: ReplyContext) {
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
  } satisfies Partial<Omit<Message, 'content' | 'usage'>> & { content: Block[]; usage: Partial<Usage> };
}

function writeBlock(part: Part): Block[] {
  switch (part.type) {
    case 'text': {
      const citations = writeCitations(part.citations ?? []);
      return [{ type: 'text', text: part.text, citations: citations.length === 0 ? null : citations }];
    }
    case 'image':
      return [{ type: 'text', text: imageText(part.source), citations: null }];
    case 'refusal':
      return [{ type: 'text', text: part.text, citations: null }];
    case 'tool_call': {
      const input = parseJson(part.arguments === '' ? '{}' : part.arguments);
      const call = { type: 'tool_use' as const, id: part.id, name: part.name, input: isObject(input) ? input : {} };
      // only a separate block can carry the signature that another provider requires with the call
      return part.signature === undefined ? [call] : [{ type: 'redacted_thinking', data: opened(part.signature) }, call];
    }
    case 'reasoning':
      return part.encrypted === undefined
        ? [{ type: 'thinking', thinking: part.text, signature: opened(part.signature ?? UNSIGNED) }]
        : [{ type: 'redacted_thinking', data: opened(part.encrypted) }];
    default:
      return [];
  }
}

/** Writes the sources that have a URL. */
export function writeCitations(citations: readonly Citation[]): CitationsWebSearchResultLocation[] {
  return citations
    .filter((citation): citation is Citation & { url: string } => citation.url !== undefined)
    .map(({ url, title, text }) => ({
      type: 'web_search_result_location' as const,
      url,
      title: title ?? null,
      cited_text: text ?? '',
      encrypted_index: '',
    }));
}
