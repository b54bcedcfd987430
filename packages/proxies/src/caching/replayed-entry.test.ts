import { describe, expect, it } from '@jest/globals';
import { type LlmReply, type LlmService, ReplyStream } from '@sluice/core';
import { endedAttempt, ManualClock } from '@sluice/core/testing';
import { openAiCall } from '@sluice/dialects';
import { MemoryCache } from '@sluice/store/memory';
import { cacheResult } from './cache-result.ts';
import { caching } from './caching.ts';

const USAGE = { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 };
const WHOLE = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'm-1',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello you' }, finish_reason: 'stop' }],
  usage: USAGE,
};
const chunk = (delta: object, finish: string | null = null) => ({
  ...{ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'm-1' },
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const STREAM = [chunk({ role: 'assistant', content: 'Hello' }), chunk({ content: ' you' }), chunk({}, 'stop')]
  .map((event) => `data: ${JSON.stringify(event)}\n\n`)
  .concat('data: [DONE]\n\n')
  .join('');

function open(reply: () => LlmReply) {
  const clock = new ManualClock(1_700_000_000_000);
  let calls = 0;
  const upstream: LlmService = {
    async complete(call) {
      calls++;
      endedAttempt(call, { usage: { inputTokens: 2, outputTokens: 3 }, cost: 700 });
      return reply();
    },
  };
  const service = caching({ cache: new MemoryCache(clock), ttlS: 60, clock })(upstream);
  const ask = async (more: object = {}) => {
    const call = openAiCall({ model: 'm', messages: [{ role: 'user', content: 'x' }], ...more });
    const received = await service.complete(call);
    let text = '';
    if ('body' in received) text = Buffer.from(received.body).toString();
    else for await (const bytes of received.stream) text += Buffer.from(bytes).toString();
    await new Promise((resolve) => setImmediate(resolve));
    return { text, type: received.contentType, state: cacheResult.get(call).state };
  };
  return { ask, calls: () => calls };
}

const wholeReply = (): LlmReply => ({
  status: 200,
  contentType: 'application/json',
  headers: {},
  body: Buffer.from(JSON.stringify(WHOLE)),
});

const streamReply = (): LlmReply => {
  const stream = ReplyStream.of(Buffer.from(STREAM), {
    end: 'finished',
    usage: { inputTokens: 2, outputTokens: 3 },
    generated: 2,
  });
  return { status: 200, contentType: 'text/event-stream', headers: {}, stream };
};

const eventsOf = (text: string): Record<string, unknown>[] =>
  text
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event) => JSON.parse(event.slice(6)) as Record<string, unknown>);

describe('an entry in another form', () => {
  it('serves a stream from a whole response', async () => {
    const { ask, calls } = open(wholeReply);
    await ask();
    const { text, type, state } = await ask({ stream: true });
    expect([state, calls(), type]).toEqual(['hit', 1, 'text/event-stream; charset=utf-8']);
    const events = eventsOf(text) as { choices: { delta: { content?: string } }[]; id: string; usage?: object }[];
    expect(events.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('Hello you');
    expect(events[0]).toMatchObject({ id: 'chatcmpl-1', model: 'm-1', created: 1_700_000_000 });
    expect(events.some(({ usage }) => usage != null)).toBe(false);
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('serves a whole response from a stream, with the usage of its accounting', async () => {
    const { ask, calls } = open(streamReply);
    await ask({ stream: true });
    const { text, type, state } = await ask();
    expect([state, calls(), type]).toEqual(['hit', 1, 'application/json']);
    expect(JSON.parse(text)).toMatchObject({
      ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1_700_000_000, model: 'm-1' },
      choices: [{ message: { role: 'assistant', content: 'Hello you' }, finish_reason: 'stop' }],
      usage: USAGE,
    });
  });

  it('serves a stream with usage from a stream without it', async () => {
    const { ask, calls } = open(streamReply);
    await ask({ stream: true });
    const { text, state } = await ask({ stream: true, stream_options: { include_usage: true } });
    expect([state, calls()]).toEqual(['hit', 1]);
    expect(eventsOf(text).at(-1)).toMatchObject({ choices: [], usage: USAGE });
  });

  it('serves the same form byte for byte', async () => {
    const { ask } = open(streamReply);
    await ask({ stream: true });
    expect((await ask({ stream: true })).text).toBe(STREAM);
  });

  it('does not serve another form of a request with tools', async () => {
    const { ask, calls } = open(wholeReply);
    await ask({ tools: [] });
    await ask({ tools: [], stream: true });
    expect(calls()).toBe(2);
  });
});

describe('caching of incomplete responses', () => {
  it.each(['length', 'content_filter'])('keeps none with the finish reason %s', async (finish_reason) => {
    const cut = { ...WHOLE, choices: [{ ...WHOLE.choices[0], finish_reason }] };
    const { ask, calls } = open(() => ({ ...wholeReply(), body: Buffer.from(JSON.stringify(cut)) }) as LlmReply);
    await ask();
    await ask();
    expect(calls()).toBe(2);
  });
});
