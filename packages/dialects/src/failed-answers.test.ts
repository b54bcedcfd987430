import { describe, expect, it } from '@jest/globals';
import type { DialectName, StreamOutcome } from '@sluice/core';
import type { StreamObserver } from './dialect.ts';
import { DIALECTS } from './registry.ts';
import { TranslatedStream } from './translation.ts';

const NAMES = Object.keys(DIALECTS) as DialectName[];
const context = { model: 'm', id: 'own', createdS: 1, streamUsage: true, framing: 'sse' as const };

const chunk = (delta: object, more: object = {}, top: object = {}) => ({
  id: 'c',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: null, ...more }],
  ...top,
});

/** Beginning of a stream in each dialect, with some content. */
const BEGINNING: Readonly<Record<DialectName, readonly object[]>> = {
  'openai-chat': [chunk({ role: 'assistant', content: 'Hel' })],
  'openai-responses': [
    { type: 'response.created', response: { id: 'r', status: 'in_progress', model: 'm', output: [], error: null } },
    { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'Hel' },
  ],
  'anthropic-messages': [
    { type: 'message_start', message: { id: 'r', type: 'message', role: 'assistant', model: 'm', content: [] } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hel' } },
  ],
  gemini: [{ candidates: [{ content: { role: 'model', parts: [{ text: 'Hel' }] }, index: 0 }] }],
  'bedrock-converse': [
    { messageStart: { role: 'assistant' } },
    { contentBlockDelta: { contentBlockIndex: 0, delta: { text: 'Hel' } } },
  ],
};

/** Errors that several dialects share. */
const ERRORS: readonly (object | string)[] = [
  { error: { message: 'boom', code: 502 } },
  { error: 'overloaded' },
  { object: 'error', message: 'boom', code: 500 },
  { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
  { detail: 'boom' },
  { detail: [{ loc: ['body'], msg: 'boom' }] },
  { message: 'boom' },
  { choices: null, base_resp: { status_code: 1008, status_msg: 'insufficient balance' } },
  { success: false, errors: [{ message: 'boom' }] },
  'event: error\ndata: something broke\n\n',
  '{"error": "bare JSON, without a field"}\n\n',
];

const OWN: Readonly<Record<DialectName, readonly object[]>> = {
  'openai-chat': [
    chunk({ content: '' }, { finish_reason: 'error' }),
    chunk({ content: '' }, { finish_reason: 'error' }, { error: { code: 'server_error', message: 'gone' } }),
    chunk({ content: '' }, { error: { code: 502, message: 'gone' } }),
    chunk({}, { finish_reason: 'insufficient_system_resource' }),
    chunk({}, { finish_reason: 'network_error' }),
  ],
  'openai-responses': [
    { type: 'response.failed', response: { id: 'r', status: 'failed', error: { code: 'server_error', message: 'boom' } } },
    { type: 'error', code: 'server_error', message: 'boom', sequence_number: 3 },
    { type: 'response.completed', response: { id: 'r', status: 'failed', error: null, output: [] } },
  ],
  'anthropic-messages': [{ type: 'error', error: { type: 'api_error', message: 'boom' } }],
  gemini: [{ error: { code: 503, message: 'boom', status: 'UNAVAILABLE' } }],
  'bedrock-converse': [{ throttlingException: { message: 'slow down' } }, { modelStreamErrorException: { message: 'boom' } }],
};

/** Events that some servers send after an error, as if the response were complete. */
const AFTER: Readonly<Record<DialectName, readonly (object | string)[]>> = {
  'openai-chat': [chunk({}, { finish_reason: 'stop' }), 'data: [DONE]\n\n'],
  'openai-responses': [{ type: 'response.completed', response: { id: 'r', status: 'completed', output: [] } }],
  'anthropic-messages': [{ type: 'message_delta', delta: { stop_reason: 'end_turn' } }, { type: 'message_stop' }],
  gemini: [{ candidates: [{ content: { parts: [] }, finishReason: 'STOP', index: 0 }] }],
  'bedrock-converse': [{ messageStop: { stopReason: 'end_turn' } }],
};

const wire = (one: object | string): Buffer => Buffer.from(typeof one === 'string' ? one : `data: ${JSON.stringify(one)}\n\n`);

/** Sends events to a stream one by one, or all in one chunk. */
function play(
  stream: StreamObserver,
  events: readonly (object | string)[],
  together: boolean,
): { shown: string; outcome: StreamOutcome } {
  const chunks = together ? [Buffer.concat(events.map(wire))] : events.map(wire);
  const shown = [...chunks.map((one) => stream.read(one)), stream.rest()];
  return { shown: Buffer.concat(shown).toString('utf8'), outcome: stream.outcome() };
}

const ENDS = /\[DONE\]|"finish_reason":"stop"|message_stop|end_turn|response\.completed|"finishReason"|messageStop/;

describe.each(NAMES)('stream of %s with a failure', (from) => {
  const cases = [...ERRORS, ...OWN[from]].map((error) => [JSON.stringify(error), error] as const);

  describe.each(NAMES.filter((to) => to !== from))('translated to %s', (to) => {
    it.each(cases)('fails a translated stream without an end event on %s', (_text, error) => {
      for (const together of [false, true]) {
        const stream = new TranslatedStream(DIALECTS[from], DIALECTS[to], context);
        const { shown, outcome } = play(stream, [...BEGINNING[from], error, ...AFTER[from]], together);
        expect(outcome).toMatchObject({ end: 'failed', error: { failure: { kind: expect.any(String) } } });
        expect(shown).toContain('Hel');
        expect(shown).not.toMatch(ENDS);
      }
    });
  });

  it.each(cases)('fails a forwarded stream on %s', (_text, error) => {
    const { outcome, shown } = play(DIALECTS[from].watchStream(false, 'sse'), [...BEGINNING[from], error, ...AFTER[from]], false);
    expect(outcome).toMatchObject({ end: 'failed', error: { failure: { kind: expect.any(String) } } });
    expect(shown).toBe(Buffer.concat([...BEGINNING[from], error].map(wire)).toString('utf8'));
  });

  it.each(cases)('fails a stream before its first content on %s', (_text, error) => {
    const stream = new TranslatedStream(DIALECTS[from], DIALECTS[from === 'gemini' ? 'openai-chat' : 'gemini'], context);
    play(stream, [error], false);
    expect([stream.reportedError() === undefined, stream.generated()]).toEqual([false, 0]);
  });
});

describe('stream of openai-chat with an error and its end in one chunk', () => {
  it('forwards a chunk only up to the error in it', () => {
    const failed = { error: { message: 'boom', code: 500 } };
    const { shown } = play(
      DIALECTS['openai-chat'].watchStream(false, 'sse'),
      [...BEGINNING['openai-chat'], failed, ...AFTER['openai-chat']],
      true,
    );
    expect(shown).toBe(Buffer.concat([...BEGINNING['openai-chat'], failed].map(wire)).toString('utf8'));
  });
});

describe('error of a failed stream', () => {
  const errorOf = (event: object) => {
    const stream = new TranslatedStream(DIALECTS['openai-responses'], DIALECTS['openai-chat'], context);
    play(stream, [event], false);
    return stream.reportedError();
  };

  it("contains the provider's message when the request caused the failure", () => {
    const message = 'Your input exceeds the context window of this model.';
    const error = errorOf({ type: 'response.failed', response: { error: { code: 'context_length_exceeded', message } } });
    expect(error).toMatchObject({ message, failure: { kind: 'context_length', status: 400 } });
  });

  it("hides the provider's message when the provider caused the failure", () => {
    const error = errorOf({
      type: 'response.failed',
      response: { error: { code: 'server_error', message: 'host 10.1.2.3 is down' } },
    });
    expect(error?.message).not.toContain('10.1.2.3');
    expect(error?.failure).toEqual({ kind: 'server_error', status: 500 });
  });
});

describe('whole response', () => {
  it.each<[DialectName, object]>([
    ['openai-chat', { error: { message: 'Provider returned error', code: 502 } }],
    ['openai-chat', { choices: [{ index: 0, message: { content: '' }, finish_reason: 'error' }] }],
    ['openai-chat', { choices: [{ index: 0, message: { content: 'half' }, error: { code: 502 } }] }],
    ['openai-responses', { id: 'r', status: 'failed', output: [], error: { code: 'server_error' } }],
    ['openai-responses', { id: 'r', status: 'cancelled', output: [] }],
    ['anthropic-messages', { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }],
    ['gemini', { error: { code: 503, message: 'boom' } }],
    ['bedrock-converse', { message: 'boom', __type: 'ThrottlingException' }],
    ['bedrock-converse', { output: { message: { content: [] } }, stopReason: 'malformed_tool_use' }],
    ...NAMES.flatMap((name) =>
      [{ error: 'boom' }, { detail: 'boom' }, { object: 'error', message: 'boom' }].map(
        (body) => [name, body] as [DialectName, object],
      ),
    ),
  ])('reports a failure of %s in %j', (name, body) => {
    expect(DIALECTS[name].reportsFailure(body as Record<string, unknown>)).toBe(true);
  });

  it.each(['MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL'])(
    'reports an empty Gemini response with %s as a failure',
    (finishReason) => {
      expect(() => DIALECTS.gemini.readReply({ candidates: [{ finishReason, index: 0 }] })).toThrow();
      const parts = [{ text: 'half' }];
      expect(DIALECTS.gemini.readReply({ candidates: [{ content: { parts }, finishReason }] }).choices).toHaveLength(1);
    },
  );

  it.each<[DialectName, object, string]>([
    ['openai-chat', { choices: [] }, 'none'],
    ['openai-chat', { choices: [{ text: 'x' }], error: { code: null, message: '' }, base_resp: { status_code: 0 } }, 'some'],
    ['openai-chat', {}, 'none'],
    ['openai-chat', { choices: [{ message: { content: '' } }] }, 'empty'],
    ['openai-chat', { choices: [{ message: { content: null, tool_calls: [{}] } }], error: null }, 'some'],
    ['openai-chat', { choices: [{ text: 'x' }] }, 'some'],
    ['openai-responses', { object: 'list' }, 'none'],
    ['openai-responses', { status: 'completed', output: [], error: null }, 'empty'],
    ['openai-responses', { status: 'queued' }, 'empty'],
    ['openai-responses', { output: [{ type: 'function_call' }] }, 'some'],
    ['anthropic-messages', { id: 'x' }, 'none'],
    ['anthropic-messages', { content: [{ type: 'text', text: '' }] }, 'empty'],
    ['anthropic-messages', { content: [{ type: 'tool_use' }] }, 'some'],
    ['gemini', { candidates: [], usageMetadata: {} }, 'none'],
    ['gemini', { promptFeedback: { blockReason: 'SAFETY' } }, 'empty'],
    ['gemini', { candidates: [{ finishReason: 'STOP' }] }, 'empty'],
    ['gemini', { candidates: [{ content: { parts: [{ text: 'x' }] } }] }, 'some'],
    ['bedrock-converse', { usage: {} }, 'none'],
    ['bedrock-converse', { output: { message: { content: [{ text: '' }] } } }, 'empty'],
    ['bedrock-converse', { output: { message: { content: [{ toolUse: {} }] } } }, 'some'],
  ])('classifies the response of %s %j as %s', (name, body, content) => {
    expect(DIALECTS[name].contentOf(body as Record<string, unknown>)).toBe(content);
    expect(DIALECTS[name].reportsFailure(body as Record<string, unknown>)).toBe(false);
  });
});

describe('stream of openai-chat without a finish reason', () => {
  const cut = [
    chunk({ role: 'assistant', content: 'Hel' }, { finish_reason: '' }),
    chunk({ content: 'lo' }, { finish_reason: 'null' }),
  ];
  const streams = (): StreamObserver[] => [
    DIALECTS['openai-chat'].watchStream(false, 'sse'),
    new TranslatedStream(DIALECTS['openai-chat'], DIALECTS['anthropic-messages'], context),
  ];

  it('treats a stream without [DONE] as truncated, whatever its finish reasons contain instead of null', () => {
    for (const stream of streams()) {
      const { outcome, shown } = play(stream, cut, false);
      expect(outcome).toMatchObject({ end: 'failed', error: { code: 'upstream_truncated' } });
      expect(shown).not.toMatch(ENDS);
    }
  });

  it('treats a stream without a finish reason as complete after [DONE]', () => {
    for (const stream of streams()) expect(play(stream, [...cut, 'data: [DONE]\n\n'], false).outcome.end).toBe('finished');
  });

  it('translates a stream with empty finish reasons to one block', () => {
    const [, translated] = streams();
    const { shown } = play(translated as StreamObserver, [...cut, chunk({}, { finish_reason: 'stop' })], false);
    expect(shown.match(/content_block_start/g)?.length).toBe(2);
  });
});
