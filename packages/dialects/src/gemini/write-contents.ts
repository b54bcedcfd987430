import { defined } from '@sluice/core';
import { InnerJson } from '../neutral/inner-json.ts';
import { isObject, type JsonObject, unsupportedParam } from '../neutral/read-json.ts';
import type { Message, Part, ToolResult } from '../neutral/request.ts';
import { untagSignature } from '../neutral/sealed.ts';
import { callIdOf } from './call-id.ts';
import { writeMedia } from './write-media.ts';

const PROVIDER = 'Gemini';

/**
 * Writes a conversation. Adjacent messages of the same role form one turn: the results of all calls must be in one turn. User
 * text next to results becomes a separate turn, which newer models on Vertex require.
 *
 * @param unsigned signature of a call without its own
 */
export function writeContents(messages: readonly Message[], unsigned: string | undefined): JsonObject[] {
  const names = new Map<string, string>();
  const inner = new InnerJson();
  const turns = new Turns();
  for (const { role, parts } of messages) {
    if (role === 'system' || role === 'developer') continue;
    for (const part of parts) if (part.type === 'tool_call') names.set(part.id, part.name);
    if (role === 'assistant') {
      turns.add('model', writeModel(parts, inner, unsigned), false);
      continue;
    }
    const isResult = (part: Part): boolean => part.type === 'tool_result';
    const write = (part: Part): JsonObject[] => writeUser(part, names, inner);
    turns.add('user', parts.filter(isResult).flatMap(write), true);
    turns.add('user', parts.filter((part) => !isResult(part)).flatMap(write), false);
  }
  return turns.list;
}

type Turn = { readonly role: 'user' | 'model'; readonly parts: JsonObject[] };

/** Joins adjacent parts of the same role and kind in linear time: a conversation may have thousands of messages of one role. */
class Turns {
  readonly list: Turn[] = [];
  #endsWithResults = false;

  add(role: Turn['role'], parts: JsonObject[], areResults: boolean): void {
    if (parts.length === 0) return;
    const last = this.list.at(-1);
    if (last?.role === role && this.#endsWithResults === areResults) for (const part of parts) last.parts.push(part);
    else this.list.push({ role, parts });
    this.#endsWithResults = areResults;
  }
}

/**
 * Writes a model's turn. Reasoning that only Gemini can read belongs to the part after it or, at the end, to the text before
 * it: Gemini itself put it there.
 */
function writeModel(parts: readonly Part[], inner: InnerJson, unsigned: string | undefined): JsonObject[] {
  const written: JsonObject[] = [];
  // only the first of parallel calls has a signature
  let needed = unsigned;
  let waiting: string | undefined;
  for (const part of parts) {
    switch (part.type) {
      case 'text':
      case 'refusal':
        if (part.text === '') break;
        written.push(defined({ text: part.text, thoughtSignature: waiting }));
        waiting = undefined;
        break;
      case 'tool_call': {
        const own = part.signature === undefined ? undefined : untagSignature('gemini', part.signature);
        const functionCall = defined({ id: callIdOf(part.id), name: part.name, args: inner.arguments(part.arguments) });
        written.push(defined({ functionCall, thoughtSignature: own ?? waiting ?? needed }));
        waiting = undefined;
        needed = undefined;
        break;
      }
      case 'reasoning': {
        const sealed = part.encrypted ?? part.signature;
        const signature = sealed === undefined ? undefined : untagSignature('gemini', sealed);
        if (signature === undefined) break;
        if (part.encrypted?.startsWith('gemini:') === true) waiting = signature;
        else written.push({ text: part.text, thought: true, thoughtSignature: signature });
        break;
      }
      case 'image':
      case 'audio':
      case 'file':
        written.push(writeMedia(part.source, part.type));
        break;
      case 'tool_result':
        unsupportedParam("a tool's result in an assistant's message", PROVIDER);
    }
  }
  if (waiting !== undefined) {
    const last = written.findLastIndex((part) => part['text'] !== undefined && part['thought'] !== true);
    if (last !== -1) written[last] = { ...written[last], thoughtSignature: waiting };
  }
  return written;
}

function writeUser(part: Part, names: ReadonlyMap<string, string>, inner: InnerJson): JsonObject[] {
  switch (part.type) {
    case 'text':
    case 'refusal':
      // Gemini refuses an empty text
      return part.text === '' ? [] : [{ text: part.text }];
    case 'image':
    case 'audio':
      return [writeMedia(part.source, part.type)];
    case 'file':
      return [writeMedia(part.source, part.type, part.name)];
    case 'tool_result':
      return [writeResult(part, names, inner)];
    default:
      return unsupportedParam(`a part of type ${part.type} in a user's message`, PROVIDER);
  }
}

function writeResult(result: ToolResult, names: ReadonlyMap<string, string>, inner: InnerJson): JsonObject {
  const name = names.get(result.callId);
  if (name === undefined) {
    return unsupportedParam(`a result of the call '${result.callId}' without that call in an earlier message`, PROVIDER);
  }
  const text = result.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
  const media = result.parts.flatMap((part) =>
    part.type === 'image' || part.type === 'audio' || part.type === 'file' ? [writeMedia(part.source, part.type)] : [],
  );
  // Gemini treats `$ref` in a result as a reference to a part
  const value = result.isError === true || text.includes('"$ref"') ? undefined : inner.value(text);
  const response = isObject(value) ? value : result.isError === true ? { error: text } : { result: text };
  return {
    functionResponse: defined({ id: callIdOf(result.callId), name, response, parts: media.length === 0 ? undefined : media }),
  };
}
