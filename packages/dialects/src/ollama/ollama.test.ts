import { describe, expect, it } from '@jest/globals';
import { readOllamaRequest } from './read-request.ts';
import { OllamaAnswer, ollamaTags } from './write-answer.ts';

const tool = { type: 'function', function: { name: 'weather', parameters: { type: 'object' } } };

describe("request of Ollama's API", () => {
  it("streams by default, with options under OpenAI's names", () => {
    const options = { temperature: 0, top_p: 0.5, num_predict: 7, stop: 'x', seed: 1, num_ctx: 4_096, top_k: 3 };
    expect(readOllamaRequest('chat', { model: 'm', messages: [{ role: 'user', content: 'hi' }], options })).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'hi' }],
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0,
      top_p: 0.5,
      max_completion_tokens: 7,
      stop: ['x'],
      seed: 1,
    });
    const whole = readOllamaRequest('chat', { model: 'm', messages: [], stream: false, options: { num_predict: -1 } });
    expect(whole).toEqual({ model: 'm', messages: [], stream: false });
  });

  it('assigns ids to calls, and to their results', () => {
    const call = (name: string) => ({ function: { name, arguments: { a: 1 } } });
    const messages = [
      { role: 'assistant', content: '', tool_calls: [call('weather'), call('time')] },
      { role: 'tool', content: 'noon', tool_name: 'time' },
      { role: 'tool', content: 'sunny' },
    ];
    const written = { name: 'weather', arguments: '{"a":1}' };
    expect(readOllamaRequest('chat', { model: 'm', messages, tools: [tool] })).toMatchObject({
      tools: [tool],
      messages: [
        { tool_calls: [{ id: 'call_0', type: 'function', function: written }, { id: 'call_1' }] },
        { role: 'tool', tool_call_id: 'call_1', content: 'noon' },
        { role: 'tool', tool_call_id: 'call_0', content: 'sunny' },
      ],
    });
  });

  it('converts images, a system text, a schema and an effort', () => {
    const body = {
      model: 'm',
      prompt: 'what?',
      system: 'be brief',
      images: ['iVBORw0KGgo='],
      format: { type: 'object' },
      think: 'low',
    };
    expect(readOllamaRequest('generate', body)).toMatchObject({
      messages: [
        { role: 'system', content: 'be brief' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'what?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
          ],
        },
      ],
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' } } },
      reasoning_effort: 'low',
    });
  });

  it.each([
    ['chat', {}, 'model'],
    ['chat', { model: 'm' }, 'messages'],
    ['chat', { model: 'm', messages: [{ role: 'user', content: 1 }] }, 'messages[0].content'],
    ['chat', { model: 'm', messages: [{ role: 'user', images: ['xx'] }] }, 'messages[0].images[0]'],
    ['chat', { model: 'm', messages: [], stream: 'no' }, 'stream'],
    ['chat', { model: 'm', messages: [], format: 'xml' }, 'format'],
    ['generate', { model: 'm' }, 'prompt'],
    ['embeddings', { model: 'm' }, 'prompt'],
  ] as const)('refuses a request of %s with %j because of %s', (kind, body, param) => {
    expect(() => readOllamaRequest(kind, body)).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
  });
});

describe("response of Ollama's API", () => {
  const event = (value: object): string => `data: ${JSON.stringify(value)}\n\n`;
  const delta = (value: object, finish: string | null = null): string =>
    event({ choices: [{ index: 0, delta: value, finish_reason: finish }] });
  const lines = (text: string): Record<string, unknown>[] =>
    text
      .split('\n')
      .filter((one) => one !== '')
      .map((one) => JSON.parse(one));
  const stream = (text: string, kind: 'chat' | 'generate' = 'chat', size = 7): Record<string, unknown>[] => {
    const answer = new OllamaAnswer(kind, 'm', () => 1_000);
    const pieces = text.match(new RegExp(`.{1,${size}}`, 'gs')) ?? [];
    return lines(pieces.map((piece) => answer.feed(Buffer.from(piece))).join('') + answer.end());
  };
  const usage = { prompt_tokens: 3, completion_tokens: 4 };

  it('writes a JSON line per piece of text, and a last one with counts', () => {
    const text = delta({ role: 'assistant', content: '' }) + delta({ reasoning_content: 'hm' }) + delta({ content: 'one' });
    const ends = `${delta({ content: ' two' })}${delta({}, 'length')}${event({ choices: [], usage })}data: [DONE]\n\n`;
    for (const size of [1, 7, 1_000]) {
      expect(stream(text + ends, 'chat', size)).toMatchObject([
        { model: 'm', message: { role: 'assistant', content: '', thinking: 'hm' }, done: false },
        { message: { content: 'one' }, done: false },
        { message: { content: ' two' }, done: false },
        { message: { content: '' }, done: true, done_reason: 'length', prompt_eval_count: 3, eval_count: 4 },
      ]);
    }
    expect(stream(delta({ content: 'one' }, 'stop'), 'generate')).toMatchObject([
      { response: 'one', done: false },
      { response: '', done: true, done_reason: 'stop' },
    ]);
  });

  it('writes each tool call in one piece', () => {
    const call = (index: number, called: object) => delta({ tool_calls: [{ index, function: called }] });
    const text = `${call(0, { name: 'a', arguments: '{"x"' })}${call(1, { name: 'b' })}${call(0, { arguments: ':1}' })}${delta({}, 'tool_calls')}`;
    const calls = [{ function: { name: 'a', arguments: { x: 1 } } }, { function: { name: 'b', arguments: {} } }];
    expect(stream(text)).toMatchObject([
      { message: { tool_calls: calls }, done: false },
      { done: true, done_reason: 'stop' },
    ]);
    const message = { content: null, tool_calls: [{ id: 'c', function: { name: 'a', arguments: '{"x":1}' } }] };
    expect(new OllamaAnswer('chat', 'm').whole({ choices: [{ message, finish_reason: 'tool_calls' }], usage })).toMatchObject({
      message: { role: 'assistant', content: '', tool_calls: [calls[0]] },
      done: true,
      eval_count: 4,
    });
  });

  it('writes an error of the stream as the last line', () => {
    const text = `${delta({ content: 'one' })}${event({ error: { message: 'it broke' } })}`;
    expect(stream(text)).toMatchObject([{ message: { content: 'one' } }, { error: 'it broke' }]);
    const answer = new OllamaAnswer('chat', 'm');
    expect(lines(answer.broken('cut') + answer.end())).toEqual([{ error: 'cut' }]);
  });

  it('converts embeddings and models', () => {
    const data = [{ embedding: [1, 2] }, { embedding: [3, 4] }];
    expect(new OllamaAnswer('embed', 'm').whole({ data, usage })).toMatchObject({
      embeddings: [
        [1, 2],
        [3, 4],
      ],
      prompt_eval_count: 3,
    });
    expect(new OllamaAnswer('embeddings', 'm').whole({ data })).toEqual({ embedding: [1, 2] });
    expect(ollamaTags({ data: [{ id: 'a/b', created: 0 }] })).toMatchObject({
      models: [{ name: 'a/b', model: 'a/b', modified_at: '1970-01-01T00:00:00.000Z' }],
    });
  });
});
