import { defined } from '@sluice/core';
import { type JsonObject, unsupportedParam } from '../neutral/read-json.ts';
import type { CacheMark, MediaSource, Message, NeutralRequest, Part, ToolResult } from '../neutral/request.ts';
import { untagSignature } from '../neutral/sealed.ts';
import { joinedTurns } from '../neutral/turns.ts';
import { signedParts, withCallSignatures } from './sign-calls.ts';
import { reasoningMembers, writeToolCall } from './write-parts.ts';

const PROVIDER = 'OpenAI chat completions';

/** Formats of Google's call signatures that a model supports. */
type Signing = Pick<NeutralRequest, 'callSignatures' | 'unsignedCalls'>;

/**
 * Writes a conversation. Adjacent assistant messages become a single message, because results must directly follow the message
 * with their calls.
 */
export const writeMessages = (messages: readonly Message[], signing: Signing = {}): JsonObject[] =>
  joinedTurns(messages, ['assistant']).flatMap((message) => writeMessage(message, signing));

function writeMessage(message: Message, signing: Signing): JsonObject[] {
  if (message.role === 'assistant') {
    const written = writeAssistant(message.parts, signing);
    return written === undefined ? [] : [written];
  }
  // tool results are separate messages, before the user's text
  const results = message.parts.filter((part) => part.type === 'tool_result');
  const others = message.parts.filter((part) => part.type !== 'tool_result');
  const written: JsonObject[] = results.map((result) => ({
    role: 'tool',
    tool_call_id: result.callId,
    content: resultText(result),
  }));
  // a tool message cannot contain images: they are sent with the user's next text
  const media = results.flatMap((result) => result.parts.filter((part) => part.type !== 'text'));
  const content = [...media, ...others];
  if (content.length > 0) written.push({ role: message.role, content: writeContent(content) });
  return written;
}

/** Returns all text of a result. This dialect has no error field, so an error is marked in the text. */
function resultText(result: ToolResult): string {
  const text = result.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
  return result.isError === true ? `Error: ${text}` : text;
}

/** Removes signatures and encrypted reasoning of providers of other dialects. */
const withoutSeals = (part: Part): Part[] => {
  if (part.type === 'reasoning') {
    const { encrypted: given, signature: signed, ...plain } = part;
    if (given !== undefined) {
      const encrypted = untagSignature('openai-chat', given);
      return encrypted === undefined ? [] : [{ ...plain, encrypted }];
    }
    const signature = signed === undefined ? undefined : untagSignature('openai-chat', signed);
    return [{ ...plain, signature }];
  }
  if (part.type !== 'tool_call' || part.signature === undefined) return [part];
  const { signature, ...call } = part;
  // Google's models also sign calls in this dialect, with the same signature
  const opened = untagSignature('gemini', signature);
  return [opened === undefined ? call : { ...call, signature: opened }];
};

/** Writes an assistant message; undefined without content, because such a message is refused. */
function writeAssistant(given: readonly Part[], signing: Signing): JsonObject | undefined {
  const parts = signedParts(withCallSignatures(given).flatMap(withoutSeals), signing);
  const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
  const refusal = parts.map((part) => (part.type === 'refusal' ? part.text : '')).join('');
  const calls = parts.filter((part) => part.type === 'tool_call');
  const reasoning = reasoningMembers(parts);
  if (text === '' && refusal === '' && calls.length === 0 && Object.keys(reasoning).length === 0) return undefined;
  return defined({
    role: 'assistant',
    content: text === '' && (calls.length > 0 || refusal !== '') ? null : text,
    refusal: refusal === '' ? undefined : refusal,
    ...reasoning,
    tool_calls: calls.length === 0 ? undefined : calls.map((call) => writeToolCall(call)),
  });
}

const markOf = (cache: CacheMark | undefined): JsonObject =>
  cache === undefined ? {} : { cache_control: defined({ type: 'ephemeral', ttl: cache.ttl }) };

function writeContent(parts: readonly Part[]): string | JsonObject[] {
  const [only] = parts;
  if (parts.length === 1 && only?.type === 'text' && only.cache === undefined) return only.text;
  return parts.map((part) => ('cache' in part ? { ...writePart(part), ...markOf(part.cache) } : writePart(part)));
}

function writePart(part: Part): JsonObject {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return { type: 'text', text: part.text };
    case 'image':
      return { type: 'image_url', image_url: defined({ url: urlOf(part.source, 'image'), detail: part.detail }) };
    case 'audio': {
      if (part.source.kind !== 'base64') return unsupportedParam('audio by URL', PROVIDER);
      return {
        type: 'input_audio',
        input_audio: { data: part.source.data, format: part.source.mediaType.replace(/^audio\//, '') },
      };
    }
    case 'file': {
      const { source, name } = part;
      if (source.kind === 'id') return { type: 'file', file: { file_id: source.id } };
      if (source.kind === 'url') return unsupportedParam('a file by URL', PROVIDER);
      return {
        type: 'file',
        file: { filename: name ?? 'file', file_data: `data:${source.mediaType};base64,${source.data}` },
      };
    }
    default:
      return unsupportedParam(`a part of type ${part.type} in a user's message`, PROVIDER);
  }
}

function urlOf(source: MediaSource, what: string): string {
  if (source.kind === 'url') return source.url;
  if (source.kind === 'base64') return `data:${source.mediaType};base64,${source.data}`;
  return unsupportedParam(`${what} by file id`, PROVIDER);
}
