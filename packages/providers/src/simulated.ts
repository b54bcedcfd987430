import { type LlmCall, LlmError, type LlmReply, type LlmService, ReplyStream, type Usage } from '@sluice/core';
import { DIALECTS, isObject, parseJson, type ReplyContext, TranslatedStream, translateReply } from '@sluice/dialects';
import { translateRequest } from './translate-request.ts';

export interface SimulatedOptions {
  /** How long until the answer begins. */
  readonly latencyMs: number;
  /** How fast a stream goes on; all at once if not given. */
  readonly tokensPerSecond?: number;
}

interface Body {
  model?: string;
  messages?: { content?: unknown }[];
  prompt?: unknown;
  input?: unknown;
  stream?: boolean;
  stream_options?: { include_usage?: boolean };
  dimensions?: number;
}

/** The numbers of a made-up embedding. */
const DIMENSIONS = 8;
/** 2023-11-14: simulated models are as old as one another. */
export const SIMULATED_CREATED_S = 1_700_000_000;

/** All text in a prompt, however it is nested. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(textOf).join('');
  if (typeof value === 'object' && value !== null) {
    const part = value as { text?: unknown; content?: unknown };
    return textOf(part.text ?? part.content ?? '');
  }
  return '';
}

const lengthOf = (text: string): number => [...text].length;

/**
 * What a simulated model says to a request in OpenAI's dialect. It counts one token a character of the prompt and of the answer, so that a
 * price per token is the price per character of the pattern's examples; and it says the same to the same request.
 */
export class SimulatedAnswer {
  readonly text: string;
  readonly usage: Usage;
  readonly #body: Body;
  readonly #id: string;

  constructor(request: Uint8Array, id: string) {
    this.#body = JSON.parse(Buffer.from(request).toString('utf8')) as Body;
    this.#id = id;
    const { messages, prompt, input } = this.#body;
    const last = textOf(messages === undefined ? (prompt ?? input) : messages.at(-1)?.content);
    this.text = `Simulated answer to: ${last}`;
    const inputTokens = lengthOf(textOf(messages?.map((message) => message.content) ?? prompt ?? input));
    this.usage = { inputTokens, outputTokens: input === undefined ? lengthOf(this.text) : 0 };
  }

  get streamed(): boolean {
    return this.#body.stream === true;
  }

  get #usageMember() {
    const { inputTokens, outputTokens } = this.usage;
    return { prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens: inputTokens + outputTokens };
  }

  whole(): string {
    const { model, messages, prompt, input, dimensions } = this.#body;
    const head = { id: this.#id, created: SIMULATED_CREATED_S, model };
    if (input !== undefined) {
      const inputs = Array.isArray(input) ? input : [input];
      const data = inputs.map((one, index) => ({
        object: 'embedding',
        index,
        embedding: embed(textOf(one), dimensions ?? DIMENSIONS),
      }));
      const tokens = this.usage.inputTokens;
      return JSON.stringify({ object: 'list', data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } });
    }
    if (messages === undefined && prompt !== undefined) {
      const choices = [{ index: 0, text: this.text, logprobs: null, finish_reason: 'stop' }];
      return JSON.stringify({ ...head, object: 'text_completion', choices, usage: this.#usageMember });
    }
    const message = { role: 'assistant', content: this.text, refusal: null };
    const choices = [{ index: 0, message, logprobs: null, finish_reason: 'stop' }];
    return JSON.stringify({ ...head, object: 'chat.completion', choices, usage: this.#usageMember });
  }

  /** The events of a stream, one a word, each with its blank line. */
  events(): string[] {
    const { model, messages, stream_options } = this.#body;
    const chat = messages !== undefined;
    const head = {
      id: this.#id,
      object: chat ? 'chat.completion.chunk' : 'text_completion',
      created: SIMULATED_CREATED_S,
      model,
    };
    const event = (choice: object): string => `data: ${JSON.stringify({ ...head, choices: [{ index: 0, ...choice }] })}\n\n`;
    const events = chat ? [event({ delta: { role: 'assistant', content: '' }, finish_reason: null })] : [];
    for (const word of this.text.match(/\S+\s*|\s+/g) ?? []) {
      events.push(event(chat ? { delta: { content: word }, finish_reason: null } : { text: word, finish_reason: null }));
    }
    events.push(event(chat ? { delta: {}, finish_reason: 'stop' } : { text: '', finish_reason: 'stop' }));
    if (stream_options?.include_usage === true) {
      events.push(`data: ${JSON.stringify({ ...head, choices: [], usage: this.#usageMember })}\n\n`);
    }
    events.push('data: [DONE]\n\n');
    return events;
  }
}

/** Numbers that depend on the text alone. */
function embed(text: string, dimensions: number): number[] {
  let state = 2_166_136_261;
  for (const character of text) state = Math.imul(state ^ (character.codePointAt(0) as number), 16_777_619) >>> 0;
  return Array.from({ length: dimensions }, (_, n) => {
    state = Math.imul(state ^ n, 16_777_619) >>> 0;
    return Math.round((state / 2_147_483_648 - 1) * 1_000_000) / 1_000_000;
  });
}

/** Waits, or rejects with the signal's reason. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** A provider in this process, for demonstrations and tests: no network, no key, the latency that is asked for. */
export function simulated(model: string, options: SimulatedOptions): LlmService {
  return {
    async complete(call: LlmCall): Promise<LlmReply> {
      if (call.operation === 'count_tokens') throw new LlmError('not_found', 'A simulated provider counts no tokens.');
      const native = call.dialect === 'openai-chat';
      const request = native
        ? call.message.forUpstream({ model, streamUsage: false })
        : translateRequest(call, DIALECTS['openai-chat'], model);
      const answer = new SimulatedAnswer(request, `sim-${call.id}`);
      await pause(options.latencyMs, call.signal);
      const head = { status: 200, headers: {} };
      const context = { model, id: call.id, createdS: SIMULATED_CREATED_S, streamUsage: true };
      if (!answer.streamed) {
        const body = Buffer.from(native ? answer.whole() : inDialect(call, answer.whole(), context));
        return { ...head, contentType: 'application/json', body, usage: answer.usage };
      }
      const translation = native ? undefined : new TranslatedStream(DIALECTS['openai-chat'], DIALECTS[call.dialect], context);
      return {
        ...head,
        contentType: 'text/event-stream; charset=utf-8',
        stream: streamOf(answer, options, call.signal, translation),
      };
    },
  };
}

function inDialect(call: LlmCall, text: string, context: ReplyContext): string {
  const value = parseJson(text);
  return isObject(value) ? translateReply(DIALECTS['openai-chat'], DIALECTS[call.dialect], value, context) : text;
}

function streamOf(
  answer: SimulatedAnswer,
  options: SimulatedOptions,
  signal: AbortSignal,
  translation: TranslatedStream | undefined,
): ReplyStream {
  const left = new AbortController();
  const stream = new ReplyStream({ pause() {}, resume() {}, cancel: () => left.abort() });
  const gapMs = options.tokensPerSecond === undefined ? 0 : 1_000 / options.tokensPerSecond;
  const run = async (): Promise<void> => {
    const stop = AbortSignal.any([signal, left.signal]);
    try {
      for (const event of answer.events()) {
        if (gapMs > 0) await pause(gapMs, stop);
        const bytes = Buffer.from(event);
        stream.push(translation === undefined ? bytes : translation.read(bytes));
      }
      if (translation !== undefined) stream.push(translation.rest());
      stream.finish({ end: 'finished', usage: answer.usage });
    } catch {
      stream.finish({ end: 'cancelled' });
    }
  };
  void run();
  return stream;
}
