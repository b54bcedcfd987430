import { defined } from '@sluice/core';
import type { JsonObject } from '../neutral/read-json.ts';
import type { MediaSource } from '../neutral/request.ts';

/** Default media type of a URL without a known extension. */
const USUAL_TYPE: Readonly<Record<'image' | 'audio' | 'file', string>> = {
  image: 'image/jpeg',
  audio: 'audio/mpeg',
  file: 'application/pdf',
};
const TYPE_BY_ENDING: Readonly<Record<string, string>> = {
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  heic: 'image/heic',
  wav: 'audio/wav',
  flac: 'audio/flac',
  ogg: 'audio/ogg',
  txt: 'text/plain',
  csv: 'text/csv',
  html: 'text/html',
  mp4: 'video/mp4',
};

function typeOf(url: string, type: 'image' | 'audio' | 'file'): string {
  const ending = /\.([a-z0-9]{2,5})(?:[?#]|$)/i.exec(url)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(TYPE_BY_ENDING, ending) ? (TYPE_BY_ENDING[ending] as string) : USUAL_TYPE[type];
}

export function writeMedia(source: MediaSource, type: 'image' | 'audio' | 'file', displayName?: string): JsonObject {
  if (source.kind === 'base64') {
    return { inlineData: defined({ mimeType: source.mediaType, data: source.data, displayName }) };
  }
  const fileUri = source.kind === 'url' ? source.url : source.id;
  const mimeType = (source.kind === 'url' ? source.mediaType : undefined) ?? typeOf(fileUri, type);
  return { fileData: defined({ mimeType, fileUri, displayName }) };
}
