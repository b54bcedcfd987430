import { errorTexts, LlmError, type Usage } from '@sluice/core';
import { isObject, type JsonObject, parseJson, readGeminiUsage } from '@sluice/dialects';
import type { Read, SessionModel, SessionReader } from './session-reader.ts';
import { SessionUsage } from './session-usage.ts';

/**
 * Base64 letters per token of audio. A second has 25 tokens (Gemini API, "Live API"), in 16-bit PCM at 16 kHz, and at 24 kHz in
 * answers.
 */
const INPUT_LETTERS = 1_707;
const OUTPUT_LETTERS = 2_560;
/** Approximate bytes per token of text. */
const BYTES_PER_TOKEN = 4;

/**
 * Reads sessions of Gemini's Live API. Its messages are JSON in text or binary frames. Source: Gemini API, "Live API -
 * WebSockets API reference".
 */
export class GeminiReader implements SessionReader {
  readonly usage = new SessionUsage();
  readonly #model: SessionModel;
  #isSetUp = false;
  /** The latest report of the current turn. Each report of a turn includes the earlier ones. */
  #ofTurn: Usage | undefined;
  /** Whether a turn has ended without a report. */
  #isOwed = false;

  /** @param model its provider name includes the provider's prefix (`models/`) */
  constructor(model: SessionModel) {
    this.#model = model;
  }

  toProvider(data: Buffer): Buffer | LlmError {
    if (!this.#isSetUp) {
      this.#isSetUp = true;
      this.usage.sent(data.length / BYTES_PER_TOKEN);
      return this.#withModel(data);
    }
    if (data.includes('"realtimeInput"') || data.includes('"realtime_input"')) {
      this.usage.sent(0, data.length / INPUT_LETTERS);
      return data;
    }
    this.usage.sent(data.length / BYTES_PER_TOKEN);
    if (!data.includes('"setup"') || parsed(data)['setup'] === undefined) return data;
    return new LlmError('invalid_request', errorTexts.setupRepeated, { param: 'setup' });
  }

  toClient(data: Buffer): Read {
    const isOver = data.includes('"turnComplete"');
    if (data.includes('"inlineData"')) this.usage.received(0, data.length / OUTPUT_LETTERS);
    else if (data.includes('"modelTurn"')) this.usage.received(1);
    else if (!isOver && !data.includes('"usageMetadata"')) return { data, reported: false };
    if (data.includes('"modelTurn"')) this.#isOwed = false;
    return { data, reported: this.#read(data, isOver) };
  }

  #read(data: Buffer, mayBeOver: boolean): boolean {
    if (!mayBeOver && !data.includes('"usageMetadata"')) return false;
    const { usageMetadata, serverContent } = parsed(data);
    if (isObject(usageMetadata)) this.#ofTurn = usageOf(usageMetadata) ?? this.#ofTurn;
    const isOver = isObject(serverContent) && serverContent['turnComplete'] === true;
    if (isOver) this.#isOwed = true;
    if (!this.#isOwed || this.#ofTurn === undefined) return false;
    this.usage.report(this.#ofTurn);
    this.#ofTurn = undefined;
    this.#isOwed = false;
    return true;
  }

  #withModel(data: Buffer): Buffer {
    const message = parsed(data);
    const { setup } = message;
    const { provider } = this.#model;
    if (!isObject(setup) || setup['model'] === provider) return data;
    return Buffer.from(JSON.stringify({ ...message, setup: { ...setup, model: provider } }));
  }

  /** Counts the last report of an interrupted turn. */
  finish(): void {
    if (this.#ofTurn !== undefined) this.usage.report(this.#ofTurn);
    this.#ofTurn = undefined;
  }
}

function parsed(data: Buffer): JsonObject {
  const value = parseJson(data.toString('utf8'));
  return isObject(value) ? value : {};
}

/** Reads `usageMetadata`. The Live API has other names for an answer's tokens than the rest of the API. */
const usageOf = (usage: JsonObject): Usage | undefined =>
  readGeminiUsage({
    ...usage,
    candidatesTokenCount: usage['responseTokenCount'] ?? usage['candidatesTokenCount'],
    candidatesTokensDetails: usage['responseTokensDetails'] ?? usage['candidatesTokensDetails'],
  });
