import { readCacheMark } from '../neutral/cache-mark.ts';
import {
  asString,
  type Json,
  type JsonObject,
  member,
  needList,
  needObject,
  needString,
  wrongField,
} from '../neutral/read-json.ts';
import type { MediaSource, Message, Part } from '../neutral/request.ts';
import { tagSignature } from '../neutral/sealed.ts';
import { readCitations } from './read-reply.ts';

/** Blocks of Anthropic's own tools from an earlier turn. They are dropped, as in a reply: the model's text describes them. */
const OF_SERVER_TOOLS = /^(server_tool_use|mcp_tool_use|\w+_tool_result)$/;
export function readMessage(value: Json, n: number): Message {
  const message = needObject(value, `messages[${n}]`);
  const role = message['role'];
  if (role !== 'user' && role !== 'assistant' && role !== 'system') return wrongField(`messages[${n}].role`, 'user or assistant');
  return { role, parts: readContent(message['content'], `messages[${n}].content`) };
}

export function readContent(content: Json, at: string): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return needList(content, at).flatMap((value, n) => {
    const block = needObject(value, `${at}[${n}]`);
    return typeof block['type'] === 'string' && OF_SERVER_TOOLS.test(block['type']) ? [] : readBlock(block, `${at}[${n}]`);
  });
}

function readBlock(block: JsonObject, at: string): Part[] {
  const mark = readCacheMark(block);
  switch (block['type']) {
    case 'text': {
      const citations = readCitations(block['citations']);
      const text = needString(block['text'], `${at}.text`);
      return [{ type: 'text', text, ...(citations.length === 0 ? {} : { citations }), ...mark }];
    }
    case 'image':
      return [{ type: 'image', source: readSource(block['source'], `${at}.source`), ...mark }];
    case 'document':
      return readDocument(block, at).map((part) => ({ ...part, ...mark }));
    // a reference names a tool that a search found; the tool itself is among the request's tools
    case 'tool_reference':
      return [{ type: 'text', text: `Found tool: ${needString(block['tool_name'], `${at}.tool_name`)}\n`, ...mark }];
    case 'search_result':
      return [{ type: 'text', text: searchResultText(block, at), ...mark }];
    // the summary of the conversation before it
    case 'compaction':
      return typeof block['content'] === 'string' ? [{ type: 'text', text: block['content'], ...mark }] : [];
    case 'tool_use':
      return [
        {
          type: 'tool_call',
          id: needString(block['id'], `${at}.id`),
          name: needString(block['name'], `${at}.name`),
          arguments: JSON.stringify(block['input'] ?? {}),
          ...mark,
        },
      ];
    case 'tool_result': {
      const content = block['content'];
      return [
        {
          type: 'tool_result',
          callId: needString(block['tool_use_id'], `${at}.tool_use_id`),
          parts: content === undefined || content === null ? [] : readContent(content, `${at}.content`),
          ...(block['is_error'] === true ? { isError: true } : {}),
          ...mark,
        },
      ];
    }
    case 'thinking':
    case 'redacted_thinking':
      return readThought(block, at);
    default:
      return wrongField(
        `${at}.type`,
        'text, image, document, search_result, tool_use, tool_result, tool_reference, thinking or redacted_thinking, for a provider of another dialect',
      );
  }
}

function readThought(block: JsonObject, at: string): Part[] {
  if (block['type'] === 'redacted_thinking') {
    const encrypted = tagSignature('anthropic-messages', needString(block['data'], `${at}.data`));
    return encrypted === undefined ? [] : [{ type: 'reasoning', text: '', encrypted }];
  }
  const signature = tagSignature('anthropic-messages', asString(block['signature']));
  const text = needString(block['thinking'], `${at}.thinking`);
  return [{ type: 'reasoning', text, signature }];
}

/** Reads a document. A document with blocks is replaced by its blocks; any other is a file. */
function readDocument(block: JsonObject, at: string): Part[] {
  const { source } = block;
  const name = asString(block['title']);
  if (member(source, 'type') === 'content') return readContent(member(source, 'content'), `${at}.source.content`);
  return [{ type: 'file', source: readSource(source, `${at}.source`), name }];
}

function searchResultText(block: JsonObject, at: string): string {
  const texts = needList(block['content'], `${at}.content`).map((part) => asString(member(part, 'text')) ?? '');
  return [asString(block['title']), asString(block['source']), ...texts]
    .filter((text) => text !== undefined && text !== '')
    .join('\n');
}

function readSource(value: Json, at: string): MediaSource {
  const source = needObject(value, at);
  switch (source['type']) {
    case 'base64':
      return {
        kind: 'base64',
        mediaType: needString(source['media_type'], `${at}.media_type`),
        data: needString(source['data'], `${at}.data`),
      };
    case 'text':
      return {
        kind: 'base64',
        mediaType: 'text/plain',
        data: Buffer.from(needString(source['data'], `${at}.data`)).toString('base64'),
      };
    case 'url':
      return { kind: 'url', url: needString(source['url'], `${at}.url`) };
    case 'file':
      return { kind: 'id', id: needString(source['file_id'], `${at}.file_id`) };
    default:
      return wrongField(`${at}.type`, 'base64, text, url or file');
  }
}
