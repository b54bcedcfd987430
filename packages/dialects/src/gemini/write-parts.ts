import type { Part as WirePart } from '@google/genai';
import { defined } from '@sluice/core';
import { isObject, type JsonObject, parseJson } from '../neutral/read-json.ts';
import type { TokenLogprob } from '../neutral/reply.ts';
import type { MediaSource, Part, ToolCall } from '../neutral/request.ts';
import { UNSIGNED, unsealAsBytes } from '../neutral/sealed.ts';
import { callIdOf } from './call-id.ts';

/** Returns the arguments of a call as an object, which this format requires. */
export function argumentsOf(text: string): JsonObject {
  const value = parseJson(text === '' ? '{}' : text);
  return isObject(value) ? value : {};
}

/** Writes a call. @param own whether generated ids are shown to the client */
export function writeCall({ id, name, arguments: args, signature }: ToolCall, own: 'shown' | 'hidden'): JsonObject {
  const known = own === 'shown' ? id : callIdOf(id);
  return defined({
    functionCall: defined({ id: known, name, args: argumentsOf(args) }),
    // Gemini 3 requires a signature with each call: the placeholder is replaced if a signature is needed, and removed otherwise
    thoughtSignature: signature === undefined && own === 'hidden' ? undefined : unsealAsBytes('gemini', signature ?? UNSIGNED),
  });
}

/** Writes a part of a model's message for a client of this dialect. */
export function writeText(part: Part): JsonObject[] {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return part.text === '' ? [] : [{ text: part.text }];
    case 'image':
    case 'audio':
      return [writeImage(part.source)];
    case 'reasoning':
      return [writeThought(part.text, part.signature ?? part.encrypted)];
    case 'tool_call':
      return [writeCall(part, 'shown')];
    default:
      return [];
  }
}

/** Writes a generated image. */
export function writeImage(source: MediaSource): JsonObject {
  if (source.kind === 'base64') return { inlineData: { mimeType: source.mediaType, data: source.data } };
  return { fileData: { fileUri: source.kind === 'url' ? source.url : source.id } };
}

export function writeThought(text: string, sealed: string | undefined) {
  const thoughtSignature = sealed === undefined ? undefined : unsealAsBytes('gemini', sealed);
  return defined({ text, thought: true, thoughtSignature }) satisfies WirePart;
}

export function writeLogprobs(logprobs: readonly TokenLogprob[]): JsonObject {
  const one = ({ token, logprob }: { token: string; logprob: number }) => ({ token, logProbability: logprob });
  return { chosenCandidates: logprobs.map(one), topCandidates: logprobs.map(({ top }) => ({ candidates: top.map(one) })) };
}
