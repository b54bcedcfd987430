import { describe, expect, it } from '@jest/globals';
import type { LlmError } from '@sluice/core';
import { Redaction } from '../redaction.ts';
import { OpenAiReader } from './openai-reader.ts';

const bytes = (event: object): Buffer => Buffer.from(JSON.stringify(event));
const jsonOf = (data: Buffer | LlmError): unknown => (Buffer.isBuffer(data) ? JSON.parse(data.toString()) : data);

function reader(caller = 'voice', provider = 'gpt-realtime'): OpenAiReader {
  return new OpenAiReader({ caller, provider }, () => new Redaction(['authorization', 'Bearer sk-secret-key'], []));
}

const USAGE = {
  ...{ total_tokens: 100, input_tokens: 60, output_tokens: 40 },
  input_token_details: { text_tokens: 20, audio_tokens: 40, cached_tokens: 16, cached_tokens_details: { audio_tokens: 6 } },
  output_token_details: { text_tokens: 10, audio_tokens: 30 },
};

describe('OpenAiReader', () => {
  it('passes events without usage byte for byte', () => {
    const read = reader();
    const delta = Buffer.from('{ "type" : "response.output_audio.delta",  "delta":"AAAA" }');
    expect(read.toClient(delta)).toEqual({ data: delta, reported: false });
    expect(read.toClient(delta).data).toBe(delta);
    const append = bytes({ type: 'input_audio_buffer.append', audio: 'AAAA' });
    expect(read.toProvider(append)).toBe(append);
  });

  it('reads the usage of a response, with cached audio only as cached input', () => {
    const read = reader();
    const done = bytes({ type: 'response.done', event_id: 'e', response: { usage: USAGE } });
    expect(read.toClient(done)).toEqual({ data: done, reported: true });
    expect(read.usage.total()).toEqual({
      ...{ inputTokens: 60, outputTokens: 40, cachedInputTokens: 16, audioInputTokens: 34, audioOutputTokens: 30 },
    });
  });

  it.each([
    [
      'members before the type',
      `{"event_id":"${'e'.repeat(300)}","type":"response.done","response":{"usage":${JSON.stringify(USAGE)}}}`,
    ],
    [
      'a nested type before its own',
      `{"response":{"usage":${JSON.stringify(USAGE)},"output":[{"type":"message"}]},"type":"response.done"}`,
    ],
    ['blanks', `{\n  "type": "response.done",\n  "response": {"usage": ${JSON.stringify(USAGE)}}\n}`],
  ])('finds the usage of an event with %s', (_what, text) => {
    const read = reader();
    expect(read.toClient(Buffer.from(text)).reported).toBe(true);
    expect(read.usage.total()).toMatchObject({ inputTokens: 60, outputTokens: 40 });
  });

  it('estimates a response without usage, and reports no usage', () => {
    const read = reader();
    read.toClient(bytes({ type: 'response.output_text.delta', delta: 'Hi' }));
    expect(read.toClient(bytes({ type: 'response.done', response: {} })).reported).toBe(false);
    expect(read.usage.total()).toMatchObject({ outputTokens: 1, issue: { reason: 'missing' } });
  });

  it.each([
    ['negative', -1],
    ['implausibly large', 1e15],
    ['a text', '12'],
  ])('marks counts that are %s', (_what, input_tokens) => {
    const read = reader();
    read.toClient(bytes({ type: 'response.done', response: { usage: { ...USAGE, input_tokens } } }));
    expect(read.usage.total()?.issue).toBeDefined();
  });

  it.each([
    ['tokens', { type: 'tokens', input_tokens: 10, output_tokens: 4, input_token_details: { audio_tokens: 10 } }, 10, 4],
    ['its duration', { type: 'duration', seconds: 2.5 }, 25, 0],
  ])('counts a transcription by %s', (_what, usage, inputTokens, outputTokens) => {
    const read = reader();
    const event = bytes({ type: 'conversation.item.input_audio_transcription.completed', usage });
    expect(read.toClient(event).reported).toBe(true);
    expect(read.usage.total()).toMatchObject({ inputTokens, outputTokens });
  });

  it("writes the provider's name of the model to the provider, and the caller's to the caller", () => {
    const read = reader();
    const update = read.toProvider(bytes({ type: 'session.update', session: { model: 'voice', voice: 'ash' } }));
    expect(jsonOf(update)).toEqual({ type: 'session.update', session: { model: 'gpt-realtime', voice: 'ash' } });
    const created = read.toClient(bytes({ type: 'session.created', session: { model: 'gpt-realtime', id: 's' } }));
    expect(jsonOf(created.data)).toEqual({ type: 'session.created', session: { model: 'voice', id: 's' } });
    const same = bytes({ type: 'session.created', session: { model: 'gpt-realtime' } });
    expect(reader('gpt-realtime').toClient(same).data).toBe(same);
  });

  it('refuses another model in an update, regardless of the position of its type', () => {
    const padded = Buffer.from(`{"event_id":"${'x'.repeat(400)}","type":"session.update","session":{"model":"other"}}`);
    expect(reader().toProvider(padded)).toMatchObject({ code: 'invalid_request', param: 'session.model' });
  });

  it('estimates audio by the format of the session', () => {
    const read = reader();
    const second = { type: 'response.output_audio.delta', delta: 'A'.repeat(64_000) };
    read.toClient(bytes(second));
    expect(read.usage.total()?.audioOutputTokens).toBe(21);
    const other = reader();
    other.toClient(bytes({ type: 'session.created', session: { audio: { output: { format: { type: 'audio/pcmu' } } } } }));
    other.toClient(bytes({ type: 'response.audio.delta', delta: 'A'.repeat(10_667) }));
    expect(other.usage.total()?.audioOutputTokens).toBe(21);
  });

  it("removes the provider's key from errors", () => {
    const { data } = reader().toClient(bytes({ type: 'error', error: { message: 'wrong key sk-secret-key' } }));
    expect(data.toString()).not.toContain('sk-secret-key');
  });
});
