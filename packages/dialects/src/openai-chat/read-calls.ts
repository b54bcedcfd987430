import { argumentsOfText } from '../neutral/free-text.ts';
import { asList, asString, isObject, type Json, type JsonObject, member, needObject, needString } from '../neutral/read-json.ts';
import type { Part, ToolCall } from '../neutral/request.ts';
import { readCallSignature } from './read-seals.ts';

/**
 * Returns the arguments of a call as JSON text. Several compatible servers send an object. @param absent result for any other
 * value
 */
export function argumentsText(value: Json, absent = ''): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : (asString(value) ?? absent);
}

/** Reads the calls of a response, including the legacy `function_call`. A call without an id gets an empty one. */
export function readCalls(message: JsonObject): ToolCall[] {
  const calls = asList(message['tool_calls'])
    .filter(isObject)
    .map((call) => readCall(call));
  const older = message['function_call'];
  return isObject(older) ? [...calls, readCall({ function: older })] : calls;
}

/**
 * Reads a call of a function or of a custom tool.
 *
 * @param at position of the call in a request; a request with a call without a function name is refused
 */
export function readCall(call: JsonObject, at?: string): ToolCall {
  const id = asString(call['id']) ?? '';
  const signature = readCallSignature(call);
  const custom = call['custom'];
  if (isObject(custom)) {
    const name = asString(custom['name']) ?? '';
    const text = argumentsOfText(asString(custom['input']) ?? '');
    return { type: 'tool_call', id, name, arguments: text, form: 'custom', signature };
  }
  if (at === undefined) {
    // some servers omit the inner object
    const func = isObject(call['function']) ? call['function'] : call;
    const name = asString(func['name']) ?? '';
    return { type: 'tool_call', id, name, arguments: argumentsText(func['arguments']), signature };
  }
  const func = needObject(call['function'], `${at}.function`);
  const name = needString(func['name'], `${at}.function.name`);
  return { type: 'tool_call', id, name, arguments: argumentsText(func['arguments'], '{}'), signature };
}

/** Reads generated images, which OpenRouter and others send next to the content. */
export function readImages(message: Json): (Part & { type: 'image' })[] {
  return asList(member(message, 'images')).flatMap((image): (Part & { type: 'image' })[] => {
    const given = member(image, 'image_url');
    const url = asString(given) ?? asString(member(given, 'url'));
    if (url === undefined || url === '') return [];
    const data = /^data:([^;,]+)[^,]*;base64,/.exec(url.slice(0, 200));
    if (data === null) return [{ type: 'image', source: { kind: 'url', url } }];
    return [{ type: 'image', source: { kind: 'base64', mediaType: data[1] as string, data: url.slice(data[0].length) } }];
  });
}
