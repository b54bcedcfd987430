import {
  asString,
  isObject,
  isString,
  type Json,
  type JsonObject,
  needList,
  needObject,
  needString,
  wrongField,
} from '../neutral/read-json.ts';
import type { Message, Part, Reasoning } from '../neutral/request.ts';
import { joinedTurns } from '../neutral/turns.ts';
import { makeCallId } from './call-id.ts';
import { field } from './fields.ts';
import { readCall, readMedia, readText } from './read-parts.ts';

const OWN_TOOLS = ['executableCode', 'codeExecutionResult', 'toolCall', 'toolResponse'] as const;
export function readSystem(value: Json): Part[] {
  if (isString(value)) return [{ type: 'text', text: value }];
  return readParts(needObject(value, 'systemInstruction'), 'systemInstruction', new Calls());
}

/** Assigns ids to the calls of a conversation if Gemini omitted them, and finds the call of each result. */
class Calls {
  #count = 0;
  /** Ids of each function's calls without a result. */
  readonly #open = new Map<string, string[]>();

  call(name: string, id: string | undefined): string {
    const known = id ?? makeCallId('turn', this.#count++);
    this.#open.set(name, [...(this.#open.get(name) ?? []), known]);
    return known;
  }

  result(name: string, id: string | undefined): string {
    const open = this.#open.get(name) ?? [];
    const of = id ?? open[0] ?? makeCallId('turn', this.#count++);
    this.#open.set(
      name,
      open.filter((one) => one !== of),
    );
    return of;
  }
}

export function readContents(contents: readonly Json[]): Message[] {
  const calls = new Calls();
  const messages = contents.map((value, n): Message => {
    const at = `contents[${n}]`;
    const content = needObject(value, at);
    const role = content['role'] ?? 'user';
    if (role !== 'user' && role !== 'model' && role !== 'function') return wrongField(`${at}.role`, 'user or model');
    return { role: role === 'model' ? 'assistant' : 'user', parts: readParts(content, at, calls) };
  });
  return joinedTurns(messages, ['assistant']).map((message) =>
    message.role === 'assistant' ? { ...message, parts: joinedPieces(message.parts) } : message,
  );
}

/**
 * Joins the pieces of a streamed response, which clients return unchanged. A separate signature belongs to the reasoning before
 * it.
 */
function joinedPieces(parts: readonly Part[]): Part[] {
  const joined: Part[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    const next = last === undefined ? undefined : together(last, part);
    if (next === undefined) joined.push(part);
    else joined[joined.length - 1] = next;
  }
  return joined;
}

function together(last: Part, part: Part): Part | undefined {
  if (last.type === 'text' && part.type === 'text') return { ...last, text: last.text + part.text };
  if (last.type !== 'reasoning' || part.type !== 'reasoning' || isComplete(last)) return undefined;
  const text = last.text + part.text;
  if (part.encrypted === undefined) return { ...part, text };
  // Gemini's own signature belongs to the part after it
  return part.encrypted.startsWith('gemini:') ? undefined : { type: 'reasoning', text, signature: part.encrypted };
}

const isComplete = ({ signature, encrypted }: Reasoning): boolean => signature !== undefined || encrypted !== undefined;

function readParts(content: JsonObject, at: string, calls: Calls): Part[] {
  const parts = content['parts'];
  if (isObject(parts)) return readPart(parts, `${at}.parts`, calls);
  return needList(parts, `${at}.parts`).flatMap((part, n) => {
    const where = `${at}.parts[${n}]`;
    return readPart(needObject(part, where), where, calls);
  });
}

function readPart(part: JsonObject, at: string, calls: Calls): Part[] {
  if (isString(part['text'])) return readText(part);
  const call = field(part, 'functionCall');
  if (isObject(call)) {
    const id = calls.call(needString(call['name'], `${at}.functionCall.name`), asString(call['id']));
    return [readCall(call, part, id)];
  }
  const result = field(part, 'functionResponse');
  if (isObject(result)) {
    const callId = calls.result(needString(result['name'], `${at}.functionResponse.name`), asString(result['id']));
    return [readResult(result, callId)];
  }
  const media = readMedia(part);
  if (media !== undefined) return [media];
  // parts of Gemini's own tools from an earlier turn are dropped, as in a reply
  if (OWN_TOOLS.some((name) => field(part, name) !== undefined)) return [];
  return wrongField(at, 'text, inlineData, fileData, functionCall or functionResponse, for a provider of another dialect');
}

/** Reads a function's result: an object that by convention has its text in `result`, `output` or `error`. */
function readResult(result: JsonObject, callId: string): Part {
  const response = result['response'];
  const names = isObject(response) ? Object.keys(response) : [];
  const [only] = names.length === 1 ? names : [];
  const value = only === undefined || !isObject(response) ? undefined : response[only];
  const plain = isString(value) && (only === 'result' || only === 'output' || only === 'error');
  const text = plain ? (value as string) : JSON.stringify(response ?? {});
  const parts = field(result, 'parts');
  const media = Array.isArray(parts) ? parts.flatMap((part) => (isObject(part) ? (readMedia(part) ?? []) : [])) : [];
  return {
    type: 'tool_result',
    callId,
    parts: [...(text === '' ? [] : [{ type: 'text' as const, text }]), ...media],
    ...(only === 'error' ? { isError: true } : {}),
  };
}
