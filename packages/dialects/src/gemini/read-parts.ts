import { asString, dataUrl, isObject, type Json, type JsonObject } from '../neutral/read-json.ts';
import type { MediaSource, Part } from '../neutral/request.ts';
import { field } from './fields.ts';
import { readSignature } from './signature.ts';

/** Files that were uploaded to Google. Other providers cannot read them. */
const UPLOADED = /^(gs:\/\/|https:\/\/generativelanguage\.googleapis\.com\/)/;

/** Reads an image, audio or another file; undefined for any other part. */
export function readMedia(part: JsonObject): Part | undefined {
  const inline = field(part, 'inlineData');
  if (isObject(inline)) {
    const mediaType = asString(field(inline, 'mimeType')) ?? 'application/octet-stream';
    return mediaPart(
      { kind: 'base64', mediaType, data: asString(inline['data']) ?? '' },
      mediaType,
      asString(field(inline, 'displayName')),
    );
  }
  const file = field(part, 'fileData');
  if (!isObject(file)) return undefined;
  const url = asString(field(file, 'fileUri')) ?? '';
  const mediaType = asString(field(file, 'mimeType'));
  const name = asString(field(file, 'displayName'));
  if (UPLOADED.test(url)) return mediaPart({ kind: 'id', id: url }, mediaType, name);
  const data = dataUrl(url);
  if (data !== undefined) return mediaPart({ kind: 'base64', ...data }, data.mediaType, name);
  return mediaPart({ kind: 'url', url, mediaType }, mediaType, name);
}

function mediaPart(source: MediaSource, mediaType: string | undefined, name: string | undefined): Part {
  if (mediaType?.startsWith('image/') === true) return { type: 'image', source };
  if (mediaType?.startsWith('audio/') === true) return { type: 'audio', source };
  return { type: 'file', source, name };
}

/** Reads a part of a model's message that is no call: reasoning, or text with its signature. */
export function readText(part: JsonObject): Part[] {
  const text = asString(part['text']) ?? '';
  const signature = readSignature(part);
  if (part['thought'] === true) {
    if (text === '') return signature === undefined ? [] : [{ type: 'reasoning', text: '', encrypted: signature }];
    return [{ type: 'reasoning', text, signature }];
  }
  const parts: Part[] = text === '' ? [] : [{ type: 'text', text }];
  // the signature of a text becomes reasoning that only Gemini can read
  return signature === undefined ? parts : [{ type: 'reasoning', text: '', encrypted: signature }, ...parts];
}

export function readCall(call: JsonObject, part: Json, id: string): Part & { type: 'tool_call' } {
  const signature = readSignature(part);
  return {
    type: 'tool_call',
    id: asString(call['id']) ?? id,
    name: asString(call['name']) ?? '',
    arguments: JSON.stringify(call['args'] ?? {}),
    signature,
  };
}
