import { errorTexts, LlmError, type Usage } from '@sluice/core';
import { isObject, type JsonObject, member, parseJson, UsageCounts } from '@sluice/dialects';
import type { Redaction } from '../redaction.ts';
import type { Read, SessionModel, SessionReader } from './session-reader.ts';
import { SessionUsage } from './session-usage.ts';

/** The first bytes of an event contain its type. */
const HEAD_BYTES = 200;
const TYPE = /"type"\s*:\s*"([a-z_]+(?:\.[a-z_]+)+|error)"/;

/** Events that are parsed. All others pass through unparsed. */
const PARSED = [
  'response.done',
  'conversation.item.input_audio_transcription.completed',
  'session.created',
  'session.updated',
] as const;

/** Base64 letters per second of audio: PCM of 24 kHz and 16 bit, and G.711 of 8 kHz and 8 bit. */
const PCM_LETTERS_S = 64_000;
const G711_LETTERS_S = 10_667;
/**
 * Tokens per second of speech (OpenAI, "Managing realtime costs": one token per 100 ms of a user, and per 50 ms of an answer).
 */
const INPUT_TOKENS_S = 10;
const OUTPUT_TOKENS_S = 20;
/** Approximate bytes per token of text. */
const BYTES_PER_TOKEN = 4;

/** Reads sessions of OpenAI's Realtime API. Source: OpenAI, "Realtime API", client and server events. */
export class OpenAiReader implements SessionReader {
  readonly usage = new SessionUsage();
  readonly #model: SessionModel;
  readonly #redaction: () => Redaction;
  #lettersS = PCM_LETTERS_S;

  /** @param redaction returns the redaction for errors of the provider */
  constructor(model: SessionModel, redaction: () => Redaction) {
    this.#model = model;
    this.#redaction = redaction;
  }

  toProvider(data: Buffer): Buffer | LlmError {
    if (data.toString('latin1', 0, HEAD_BYTES).includes('"input_audio_buffer.append"')) {
      this.usage.sent(0, (data.length / this.#lettersS) * INPUT_TOKENS_S);
      return data;
    }
    this.usage.sent(data.length / BYTES_PER_TOKEN);
    return data.includes('session.update') ? this.#withModel(data) : data;
  }

  toClient(data: Buffer): Read {
    const type = typeOf(data);
    if (type.endsWith('.delta')) {
      if (type.endsWith('audio.delta')) this.usage.received(0, (data.length / this.#lettersS) * OUTPUT_TOKENS_S);
      else if (type.startsWith('response.')) this.usage.received(1);
      return { data, reported: false };
    }
    switch (type) {
      case 'response.done':
        return { data, reported: this.#report(member(parsed(data)['response'], 'usage')) };
      case 'conversation.item.input_audio_transcription.completed':
        return { data, reported: this.#reportTranscription(parsed(data)['usage']) };
      case 'session.created':
      case 'session.updated':
        return { data: this.#shown(data), reported: false };
      case 'error':
        return { data: this.#redaction().bytes(data), reported: false };
      default:
        return { data, reported: false };
    }
  }

  #report(value: unknown): boolean {
    const usage = usageOf(value);
    if (usage !== undefined) this.usage.report(usage);
    return usage !== undefined;
  }

  /** A transcription is billed by tokens or, by older models, by its duration. */
  #reportTranscription(value: unknown): boolean {
    const seconds = member(value, 'seconds');
    const usage =
      typeof seconds === 'number' && seconds >= 0
        ? usageOf({ input_tokens: Math.ceil(seconds * INPUT_TOKENS_S), output_tokens: 0 })
        : usageOf(value);
    if (usage !== undefined) this.usage.reportBeside(usage);
    return usage !== undefined;
  }

  /**
   * Replaces the caller's name of the model by the provider's. A session's model cannot be changed, so any other name is
   * refused.
   */
  #withModel(data: Buffer): Buffer | LlmError {
    const event = parsed(data);
    const { session } = event;
    const model = member(session, 'model');
    const { caller, provider } = this.#model;
    if (event['type'] !== 'session.update' || !isObject(session) || model === undefined || model === provider) return data;
    if (model === caller) return Buffer.from(JSON.stringify({ ...event, session: { ...session, model: provider } }));
    return new LlmError('invalid_request', errorTexts.sessionModelChanged, {
      param: 'session.model',
    });
  }

  #shown(data: Buffer): Buffer {
    const isG711 = ['g711', 'audio/pcmu', 'audio/pcma'].some((format) => data.includes(format));
    this.#lettersS = isG711 ? G711_LETTERS_S : PCM_LETTERS_S;
    const { caller, provider } = this.#model;
    if (caller === provider) return data;
    const event = parsed(data);
    const { session } = event;
    if (!isObject(session) || session['model'] !== provider) return data;
    return Buffer.from(JSON.stringify({ ...event, session: { ...session, model: caller } }));
  }
}

function typeOf(data: Buffer): string {
  const found = TYPE.exec(data.toString('latin1', 0, HEAD_BYTES))?.[1];
  if (found !== undefined) return found;
  // other members may precede the type
  return PARSED.find((type) => data.includes(`"${type}"`)) ?? '';
}

function parsed(data: Buffer): JsonObject {
  const value = parseJson(data.toString('utf8'));
  return isObject(value) ? value : {};
}

/** Reads `usage`; undefined without one. Cached audio counts only as cached input, because it has that price. */
function usageOf(value: unknown): Usage | undefined {
  if (!isObject(value)) return undefined;
  const counts = new UsageCounts();
  const read = value['input_token_details'];
  const written = value['output_token_details'];
  const audio = counts.part(member(read, 'audio_tokens'));
  const cachedAudio = counts.part(member(member(read, 'cached_tokens_details'), 'audio_tokens')) ?? 0;
  const parts = {
    cachedInputTokens: counts.part(member(read, 'cached_tokens')),
    audioInputTokens: audio === undefined ? undefined : Math.max(0, audio - cachedAudio),
    audioOutputTokens: counts.part(member(written, 'audio_tokens')),
    reasoningTokens: counts.part(member(written, 'reasoning_tokens')),
  };
  const given = Object.fromEntries(Object.entries(parts).filter(([, count]) => count !== undefined));
  return counts.usage({
    inputTokens: counts.input(value['input_tokens']),
    outputTokens: counts.output(value['output_tokens']),
    ...given,
  });
}
