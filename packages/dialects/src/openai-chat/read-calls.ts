import { asList, asString, isObject, type Json, type JsonObject, member } from '../neutral/read-json.ts';
import type { Part, ToolCall } from '../neutral/request.ts';
import { readCallSignature } from './read-seals.ts';

/** Returns the arguments of a call as JSON text. Several compatible servers send an object. */
export function argumentsText(value: Json): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : (asString(value) ?? '');
}

/** Reads the calls of a message, including the legacy `function_call`. A call without an id gets an empty one. */
export function readCalls(message: JsonObject): ToolCall[] {
  const calls = asList(message['tool_calls']).filter(isObject).map(readCall);
  const older = message['function_call'];
  return isObject(older) ? [...calls, readCall({ function: older })] : calls;
}

function readCall(call: JsonObject): ToolCall {
  const id = asString(call['id']) ?? '';
  const custom = call['custom'];
  if (isObject(custom)) {
    const input = JSON.stringify({ input: asString(custom['input']) ?? '' });
    return { type: 'tool_call', id, name: asString(custom['name']) ?? '', arguments: input };
  }
  // some servers omit the inner object
  const func = isObject(call['function']) ? call['function'] : call;
  const signature = readCallSignature(call);
  return {
    type: 'tool_call',
    id,
    name: asString(func['name']) ?? '',
    arguments: argumentsText(func['arguments']),
    ...(signature === undefined ? {} : { signature }),
  };
}

/** Reads generated images, which OpenRouter and others send beside the content. */
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
