import { describe, expect, it } from '@jest/globals';
import { LlmError } from '@sluice/core';
import fc from 'fast-check';
import { OpenAiRequest } from './request.ts';

const chat = (text: string) => new OpenAiRequest('chat', Buffer.from(text));
const upstream = (text: string, model = 'theirs', streamUsage = true) =>
  chat(text).forUpstream({ model, streamUsage }).toString('utf8');
const messages = '"messages":[{"role":"user","content":"x"}]';

describe('OpenAiRequest', () => {
  it('forwards the same bytes when nothing changes', () => {
    const request = chat(`{ "model" : "ours", ${messages} }`);
    expect(request.forUpstream({ model: 'ours', streamUsage: true })).toBe(request.bytes);
  });

  it('replaces the model name in place, however it is spelled', () => {
    expect(upstream(`{"a":1, "model" :  "ours" , ${messages}}`)).toBe(`{"a":1, "model" :  "theirs" , ${messages}}`);
    expect(upstream(`{"\\u006dodel":"ours",${messages}}`)).toBe(`{"\\u006dodel":"theirs",${messages}}`);
    expect(upstream(`{"model":"ours",${messages}}`, 'a"b\\')).toBe(`{"model":"a\\"b\\\\",${messages}}`);
  });

  it('requests usage in a stream that does not', () => {
    expect(upstream(`{"model":"theirs","stream":true,${messages}}`)).toBe(
      `{"stream_options":{"include_usage":true},"model":"theirs","stream":true,${messages}}`,
    );
    expect(upstream(`{"model":"theirs","stream":true,"stream_options":{"other":1},${messages}}`)).toBe(
      `{"model":"theirs","stream":true,"stream_options":{"other":1,"include_usage":true},${messages}}`,
    );
    const asked = `{"model":"theirs","stream":true,"stream_options":{"include_usage":true},${messages}}`;
    expect(upstream(asked)).toBe(asked);
    const whole = `{"model":"theirs",${messages}}`;
    expect(upstream(whole)).toBe(whole);
  });

  it('preserves the meaning of all other members', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.boolean(),
        fc.constantFrom(undefined, 2),
        (more, stream, indent) => {
          fc.pre(!['__proto__', 'constructor', 'prototype'].some((name) => Object.hasOwn(more, name)));
          // a count that is no whole number is refused
          fc.pre(!['n', 'best_of', 'max_tokens', 'max_completion_tokens'].some((name) => Object.hasOwn(more, name)));
          fc.pre(!JSON.stringify(more).includes('__proto__'));
          fc.pre(!['n', 'best_of', 'max_tokens', 'max_completion_tokens'].some((name) => Object.hasOwn(more, name)));
          const request = {
            ...more,
            stream_options: undefined,
            model: 'ours',
            stream,
            messages: [{ role: 'user', content: 'x' }],
          };
          const changed = JSON.parse(upstream(JSON.stringify(request, null, indent))) as object;
          const expected = { ...request, model: 'theirs', ...(stream ? { stream_options: { include_usage: true } } : {}) };
          expect(changed).toEqual(JSON.parse(JSON.stringify(expected)));
        },
      ),
    );
  });

  it('lowers the limits of a response in place, or adds one, when a budget requires it', () => {
    const limited = (text: string, model = 'theirs') =>
      chat(text).forUpstream({ model, streamUsage: false, outputLimit: 50 }).toString('utf8');
    expect(limited(`{"model":"theirs","max_tokens": 4096 ,${messages}}`)).toBe(
      `{"model":"theirs","max_tokens": 50 ,${messages}}`,
    );
    expect(limited(`{"max_completion_tokens":60,"max_tokens":40,"model":"ours",${messages}}`)).toBe(
      `{"max_completion_tokens":50,"max_tokens":40,"model":"theirs",${messages}}`,
    );
    expect(limited(`{"model":"theirs",${messages}}`)).toBe(`{"max_tokens":50,"model":"theirs",${messages}}`);
    expect(limited(`{"model":"theirs","max_tokens":null,${messages}}`)).toBe(`{"model":"theirs","max_tokens":50,${messages}}`);
    expect(limited(`{"model":"o4-mini",${messages}}`, 'o4-mini')).toBe(
      `{"max_completion_tokens":50,"model":"o4-mini",${messages}}`,
    );
  });

  it('refuses an invalid request on each access, naming the field', () => {
    const request = chat(`{"model":7,${messages}}`);
    for (const look of [
      () => request.view(),
      () => request.forUpstream({ model: 'x', streamUsage: false }),
      () => request.view(),
    ]) {
      expect(look).toThrow(LlmError);
      expect(look).toThrow(expect.objectContaining({ code: 'invalid_request', param: 'model' }));
    }
  });
});
