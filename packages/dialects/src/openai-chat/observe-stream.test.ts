import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OpenAiStreamObserver } from './observe-stream.ts';

const event = (value: unknown): string => `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`;
const delta = (content: string) => event({ choices: [{ index: 0, delta: { content }, finish_reason: null }], usage: null });
const stop = event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: null });
const usage = event({
  choices: [],
  usage: { prompt_tokens: 7, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 2 } },
});
const done = event('[DONE]');

function run(text: string, hideUsage: boolean, cuts: readonly number[] = []) {
  const reader = new OpenAiStreamObserver(hideUsage);
  const bytes = Buffer.from(text);
  const places = [...new Set(cuts.map((one) => one % (bytes.length + 1)))].sort((a, b) => a - b);
  const chunks = [0, ...places].map((from, n) => bytes.subarray(from, places[n] ?? bytes.length));
  const shown = chunks.map((chunk) => reader.read(chunk).toString('latin1')).join('') + reader.rest().toString('latin1');
  return { shown: Buffer.from(shown, 'latin1').toString('utf8'), outcome: reader.outcome() };
}

describe('OpenAiStreamObserver', () => {
  it('recognizes a complete stream and its usage', () => {
    const { outcome } = run(delta('a') + stop + usage + done, false);
    expect(outcome).toEqual({ end: 'finished', usage: { inputTokens: 7, outputTokens: 3, cachedInputTokens: 2 } });
  });

  it('treats a stream with a finish reason as complete, even without [DONE]', () => {
    expect(run(delta('a') + stop, false).outcome).toEqual({ end: 'finished' });
  });

  it('treats a clean end without a finish reason as a truncation', () => {
    expect(run(delta('a') + delta('b'), true).outcome).toMatchObject({ end: 'failed', error: { code: 'upstream_truncated' } });
  });

  it('recognizes an error after the beginning', () => {
    const error = event({ error: { message: 'overloaded', type: 'server_error' } });
    expect(run(delta('a') + error + done, false).outcome).toMatchObject({ end: 'failed', error: { code: 'upstream_truncated' } });
  });

  it('ignores text that looks like its patterns', () => {
    const text = '{"error":{"message":"x"},"usage":{"prompt_tokens":9},"finish_reason":"stop"} [DONE]';
    expect(run(delta(text), true)).toMatchObject({ shown: delta(text), outcome: { end: 'failed' } });
  });

  it('hides only the usage from a client that did not request it, however the bytes are split', () => {
    const whole = `: hello\n\n${delta('aé')}${delta('😀')}${stop}${usage}${done}`;
    fc.assert(
      fc.property(fc.array(fc.nat()), (cuts) => {
        expect(run(whole, true, cuts)).toMatchObject({
          shown: whole.replace(usage, ''),
          outcome: { end: 'finished', usage: { inputTokens: 7 } },
        });
        expect(run(whole, false, cuts).shown).toBe(whole);
      }),
    );
  });
});
