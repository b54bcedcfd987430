import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isObject, type JsonObject } from '@sluice/dialects';
import type { WebSocket } from 'ws';
import type { Behaviour } from '../behaviour.ts';
import type { JournalEntry } from '../journal.ts';
import type { SimulatedSession } from './simulated-session.ts';

/** Usage that each response reports. */
export const OPENAI_TURN_USAGE = {
  total_tokens: 100,
  input_tokens: 60,
  output_tokens: 40,
  input_token_details: {
    ...{ text_tokens: 20, audio_tokens: 40, cached_tokens: 16 },
    cached_tokens_details: { text_tokens: 10, audio_tokens: 6 },
  },
  output_token_details: { text_tokens: 10, audio_tokens: 30 },
};

const TRANSCRIPTION_USAGE = {
  ...{ type: 'tokens', total_tokens: 14, input_tokens: 10, output_tokens: 4 },
  input_token_details: { text_tokens: 0, audio_tokens: 10 },
};

const WORDS = ['Hello', ' from', ' the', ' simulator', '.'];
const AUDIO_BYTES = 4_800;
const FLOOD_BYTES = 48_000;

/**
 * A session of OpenAI's Realtime API. Commands in `response.instructions`: `[[flood 100]]` sends that number of audio events at
 * once, `[[close 4001 text]]` closes the connection, `[[reset]]` resets it, `[[error]]` reports an error.
 */
export class OpenAiSession implements SimulatedSession {
  readonly #webSocket: WebSocket;
  readonly #entry: JournalEntry;
  readonly #behaviour: Behaviour;
  #session: JsonObject;
  #count = 0;

  constructor(webSocket: WebSocket, entry: JournalEntry, behaviour: Behaviour) {
    this.#webSocket = webSocket;
    this.#entry = entry;
    this.#behaviour = behaviour;
    this.#session = { type: 'realtime', object: 'realtime.session', id: 'sess_simulated', model: entry.model };
  }

  begin(): void {
    this.#send('session.created', { session: this.#session });
  }

  receive(text: string): void {
    const event = JSON.parse(text) as JsonObject;
    const { type } = event;
    switch (type) {
      case 'session.update':
        this.#session = { ...this.#session, ...(isObject(event['session']) ? event['session'] : {}) };
        this.#send('session.updated', { session: this.#session });
        return;
      case 'conversation.item.create':
        this.#send('conversation.item.added', { item: event['item'] });
        this.#send('conversation.item.done', { item: event['item'] });
        return;
      case 'input_audio_buffer.commit':
        this.#send('input_audio_buffer.committed', { item_id: 'item_simulated' });
        this.#send('conversation.item.input_audio_transcription.completed', {
          ...{ item_id: 'item_simulated', content_index: 0, transcript: 'hello' },
          ...(this.#behaviour.usage === 'none' ? {} : { usage: TRANSCRIPTION_USAGE }),
        });
        return;
      case 'response.create':
        void this.#respond(isObject(event['response']) ? event['response'] : {});
        return;
    }
  }

  async #respond({ instructions }: JsonObject): Promise<void> {
    const asked = typeof instructions === 'string' ? instructions : '';
    if (this.#behaves(asked)) return;
    const about = { response_id: 'resp_simulated', item_id: 'item_simulated', output_index: 0, content_index: 0 };
    this.#send('response.created', { response: { id: 'resp_simulated', object: 'realtime.response', status: 'in_progress' } });
    for (const delta of WORDS) this.#send('response.output_text.delta', { ...about, delta });
    this.#send('response.output_audio.delta', { ...about, delta: audio(AUDIO_BYTES) });
    const floods = Number(/\[\[flood (\d+)\]\]/.exec(asked)?.[1] ?? 0);
    for (let n = 0; n < floods; n++) {
      while (this.#webSocket.bufferedAmount > FLOOD_BYTES && this.#webSocket.readyState === this.#webSocket.OPEN)
        await nextTurn();
      this.#send('response.output_audio.delta', { ...about, delta: audio(FLOOD_BYTES) });
      this.#entry.events = n + 1;
    }
    if (asked.includes('[[unfinished]]')) return;
    this.#send('response.done', {
      response: {
        ...{ id: 'resp_simulated', object: 'realtime.response', status: 'completed', output: [] },
        ...(this.#behaviour.usage === 'none' ? {} : { usage: OPENAI_TURN_USAGE }),
      },
    });
  }

  /** Returns whether a command was executed instead of a response. */
  #behaves(asked: string): boolean {
    const [, code, reason = ''] = /\[\[close (\d+) ?([^\]]*)\]\]/.exec(asked) ?? [];
    if (code !== undefined) this.#webSocket.close(Number(code), reason);
    else if (asked.includes('[[reset]]')) this.#webSocket.terminate();
    else if (asked.includes('[[error]]')) {
      const key = String(this.#entry.headers['authorization']);
      this.#send('error', {
        error: { type: 'invalid_request_error', code: 'simulated', message: `refused: ${key}`, param: null },
      });
    } else return false;
    return true;
  }

  #send(type: string, members: object): void {
    this.#webSocket.send(JSON.stringify({ type, event_id: `event_${++this.#count}`, ...members }));
  }
}

const audio = (bytes: number): string => randomBytes(bytes).toString('base64');
