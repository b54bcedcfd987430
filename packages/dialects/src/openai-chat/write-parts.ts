import { defined } from '@sluice/core';
import type { ReplyContext } from '../dialect.ts';
import { freeText } from '../neutral/free-text.ts';
import { imageUrl } from '../neutral/image-text.ts';
import { wavOf } from '../neutral/pcm.ts';
import type { JsonObject } from '../neutral/read-json.ts';
import type { TokenLogprob } from '../neutral/reply.ts';
import type { Citation, MediaSource, Part, ToolCall } from '../neutral/request.ts';
import { unpacked } from './read-seals.ts';

export function writeToolCall(call: ToolCall): JsonObject {
  const { id, name, form, arguments: text } = call;
  const called =
    form === 'custom'
      ? { type: 'custom', custom: { name, input: freeText(text) } }
      : { type: 'function', function: { name, arguments: text } };
  return defined({
    id,
    ...called,
    extra_content: call.signature === undefined ? undefined : { google: { thought_signature: call.signature } },
  });
}

/** Writes the sources that have a URL; this dialect has no field for others. */
export function writeAnnotations(citations: readonly Citation[]): JsonObject[] {
  return citations
    .filter(({ url }) => url !== undefined)
    .map(({ url, title, start, end }) => ({
      type: 'url_citation',
      url_citation: { url, title: title ?? '', start_index: start ?? 0, end_index: end ?? 0 },
    }));
}

/**
 * Writes reasoning in the formats of this dialect: the text in `reasoning_content`, and a signature or encrypted form that a
 * provider requires in the next turn in `reasoning_details`.
 */
export function reasoningMembers(parts: readonly Part[]): JsonObject {
  const reasoning = parts.filter((part) => part.type === 'reasoning');
  if (reasoning.length === 0) return {};
  const text = reasoning.map((part) => part.text).join('');
  const details = reasoning.map(({ text, signature, encrypted }) =>
    encrypted === undefined
      ? { type: 'reasoning.text', text, ...(signature === undefined ? {} : unpacked('signature', signature)) }
      : { type: 'reasoning.encrypted', ...unpacked('data', encrypted) },
  );
  const signed = reasoning.some(({ signature, encrypted }) => signature !== undefined || encrypted !== undefined);
  return defined({ reasoning_content: text === '' ? undefined : text, reasoning_details: signed ? details : undefined });
}

export function writeLogprobs(logprobs: readonly TokenLogprob[]): JsonObject[] {
  const one = ({ token, logprob }: { token: string; logprob: number }) => ({ token, logprob, bytes: [...Buffer.from(token)] });
  return logprobs.map((token) => ({ ...one(token), top_logprobs: token.top.map(one) }));
}

/** Writes a generated image in OpenRouter's form. */
export const writeImage = (source: MediaSource, index: number): JsonObject => ({
  type: 'image_url',
  image_url: { url: imageUrl(source) },
  index,
});

/** How long OpenAI stores a response's audio, in seconds: a client can refer to it by id within that time. */
const KEPT_S = 3_600;

/** Returns the id of a response's audio. The gateway stores nothing under it. */
export const audioId = ({ id }: ReplyContext): string => `audio_${id}`;

/** Writes generated audio in the requested format: raw samples, or a WAV file. */
export function writeAudio(source: MediaSource, context: ReplyContext): JsonObject {
  const data = source.kind !== 'base64' ? '' : context.audioFormat === 'pcm16' ? source.data : wavOf(source);
  return { id: audioId(context), data, expires_at: context.createdS + KEPT_S, transcript: '' };
}
