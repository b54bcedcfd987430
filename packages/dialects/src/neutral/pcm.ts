import type { MediaSource } from './request.ts';

const BITS = 16;
const HEADER_BYTES = 44;
/** Sample rate of Gemini's speech and of OpenAI's `pcm16`. */
const USUAL_RATE = 24_000;

/**
 * Returns whether an audio source consists of raw samples: `audio/L16;codec=pcm;rate=24000`. Gemini's samples are
 * little-endian, with one channel.
 */
export const isPcm = (mediaType: string): boolean => /^audio\/(?:l16|pcm)\b/i.test(mediaType);

/** Returns base64 audio as a WAV file; raw samples get a header. Source: RIFF, "WAVE PCM soundfile format". */
export function wavOf({ mediaType, data }: Extract<MediaSource, { kind: 'base64' }>): string {
  if (!isPcm(mediaType)) return data;
  const samples = Buffer.from(data, 'base64');
  const rate = Number(/rate=(\d+)/.exec(mediaType)?.[1] ?? USUAL_RATE);
  const header = Buffer.alloc(HEADER_BYTES);
  header.write('RIFF', 0);
  header.writeUInt32LE(HEADER_BYTES - 8 + samples.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE((rate * BITS) / 8, 28);
  header.writeUInt16LE(BITS / 8, 32);
  header.writeUInt16LE(BITS, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]).toString('base64');
}

/** Joins two pieces of base64, each of which may be padded; undefined for sources that are not pieces of the same audio. */
export function joinedAudio(one: MediaSource, other: MediaSource): MediaSource | undefined {
  if (one.kind !== 'base64' || other.kind !== 'base64' || one.mediaType !== other.mediaType) return undefined;
  const bytes = Buffer.concat([Buffer.from(one.data, 'base64'), Buffer.from(other.data, 'base64')]);
  return { ...one, data: bytes.toString('base64') };
}
