import { randomBytes } from 'node:crypto';
import { isObject, type JsonObject } from '@sluice/dialects';
import type { WebSocket } from 'ws';
import { behaviourOf, type SimulatorConfig } from '../behaviour.ts';
import type { JournalEntry } from '../journal.ts';
import type { SimulatedSession } from './simulated-session.ts';

/** Usage that each turn reports. */
export const GEMINI_TURN_USAGE = {
  ...{ promptTokenCount: 30, responseTokenCount: 20, totalTokenCount: 50 },
  promptTokensDetails: [{ modality: 'TEXT', tokenCount: 30 }],
  responseTokensDetails: [
    { modality: 'AUDIO', tokenCount: 15 },
    { modality: 'TEXT', tokenCount: 5 },
  ],
};

const WORDS = ['Hello', ' from', ' the', ' simulator', '.'];
const AUDIO_BYTES = 4_800;

/** A session of Gemini's Live API. Its messages are sent in binary frames, like Google's. */
export class GeminiSession implements SimulatedSession {
  readonly #webSocket: WebSocket;
  readonly #entry: JournalEntry;
  readonly #config: SimulatorConfig;
  #reportsUsage = true;
  #isSetUp = false;

  constructor(webSocket: WebSocket, entry: JournalEntry, config: SimulatorConfig) {
    this.#webSocket = webSocket;
    this.#entry = entry;
    this.#config = config;
  }

  begin(): void {
    // the client sends the first message
  }

  receive(text: string): void {
    const { setup, clientContent, realtimeInput } = JSON.parse(text) as JsonObject;
    if (!this.#isSetUp) {
      this.#setUp(setup);
      return;
    }
    const isAsked = isObject(clientContent) ? clientContent['turnComplete'] === true : hasText(realtimeInput);
    if (isAsked) this.#answer();
  }

  #setUp(setup: unknown): void {
    const model = isObject(setup) ? setup['model'] : undefined;
    if (typeof model !== 'string' || !/(?:^|\/)models\//.test(model)) {
      this.#webSocket.close(1007, 'Request contains an invalid argument.');
      return;
    }
    this.#isSetUp = true;
    this.#entry.model = model.replace(/^(?:.*\/)?models\//, '');
    const { status, usage } = behaviourOf(this.#entry.model, this.#config);
    this.#reportsUsage = usage !== 'none';
    if (status === undefined) this.#send({ setupComplete: {} });
    else this.#webSocket.close(1011, `simulated status ${status}`);
  }

  #answer(): void {
    for (const word of WORDS) this.#send({ serverContent: { modelTurn: { role: 'model', parts: [{ text: word }] } } });
    const inlineData = { mimeType: 'audio/pcm;rate=24000', data: randomBytes(AUDIO_BYTES).toString('base64') };
    this.#send({ serverContent: { modelTurn: { role: 'model', parts: [{ inlineData }] } } });
    this.#send({
      serverContent: { turnComplete: true },
      ...(this.#reportsUsage ? { usageMetadata: GEMINI_TURN_USAGE } : {}),
    });
  }

  #send(message: object): void {
    this.#webSocket.send(Buffer.from(JSON.stringify(message)), { binary: true });
  }
}

const hasText = (input: unknown): boolean => isObject(input) && typeof input['text'] === 'string';
