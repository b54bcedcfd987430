import { describe, expect, it } from '@jest/globals';
import { LlmError } from '@sluice/core';
import { anthropicMessages } from './anthropic-messages/dialect.ts';
import { gemini } from './gemini/dialect.ts';
import { openAiChat } from './openai-chat/dialect.ts';
import { openAiResponses } from './openai-responses/dialect.ts';

const hi = { role: 'user', content: 'hi' };
const thrownBy = (read: () => unknown): unknown => {
  try {
    read();
  } catch (error) {
    return error;
  }
  return undefined;
};

describe("request in Anthropic's dialect", () => {
  it('reads the text of references, search results, documents with blocks and summaries', () => {
    const content = [
      { type: 'tool_reference', tool_name: 'f' },
      { type: 'search_result', title: 'T', source: 'https://example.com', content: [{ type: 'text', text: 'found' }] },
      { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'inside' }] } },
      { type: 'compaction', content: 'so far' },
    ];
    const { messages } = anthropicMessages.readRequest({ messages: [{ role: 'user', content }] });
    const texts = messages[0]?.parts.map((part) => (part.type === 'text' ? part.text : part.type));
    expect(texts).toEqual(['Found tool: f\n', 'T\nhttps://example.com\nfound', 'inside', 'so far']);
  });

  it("keeps Claude Code's billing line for Anthropic", () => {
    const billing = 'x-anthropic-billing-header: cc_version=2.1; cch=eb6c6;';
    const ofBlocks = {
      system: [
        { type: 'text', text: billing },
        { type: 'text', text: 'Be brief.' },
      ],
      messages: [hi],
    };
    for (const body of [ofBlocks, { system: `${billing}\nBe brief.`, messages: [hi] }]) {
      expect(anthropicMessages.readRequest(body).messages[0]?.parts).toEqual([{ type: 'text', text: 'Be brief.' }]);
    }
    expect(anthropicMessages.readRequest({ system: billing, messages: [hi] }).messages).toHaveLength(1);
  });

  it('reads client-side tools as functions, and names the tools that Anthropic runs', () => {
    const { tools, only } = anthropicMessages.readRequest({
      messages: [hi],
      tools: [
        { type: 'bash_20250124', name: 'bash' },
        { type: 'text_editor_20250728', name: 'str_replace_based_edit_tool' },
        { type: 'memory_20250818', name: 'memory' },
        { type: 'computer_20250124', name: 'computer', display_width_px: 800, display_height_px: 600 },
        { type: 'web_search_20250305', name: 'web_search' },
      ],
    });
    expect(tools?.map(({ name }) => name)).toEqual(['bash', 'str_replace_based_edit_tool', 'memory', 'computer']);
    expect(tools?.[0]?.schema).toMatchObject({ type: 'object', properties: { command: { type: 'string' } } });
    expect(tools?.[3]?.description).toContain('800 × 600');
    expect(only?.droppable).toEqual(['tools.web_search_20250305']);
  });

  it('refuses a thread with the code that makes the SDKs continue without it', () => {
    const error = thrownBy(() => anthropicMessages.readRequest({ messages: [hi], thread: { type: 'create' } }));
    expect(error).toBeInstanceOf(LlmError);
    const body = JSON.parse(anthropicMessages.renderError(error as LlmError)) as { error: object };
    expect(body.error).toMatchObject({
      type: 'invalid_request_error',
      param: 'thread',
      details: { error_code: 'thread_unsupported_request', unsupported: [] },
    });
  });
});

describe('chat completion', () => {
  it('reads the legacy form with functions', () => {
    const call = { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{"a":1}' } };
    const result = (content: string) => ({ role: 'function', name: 'f', content });
    const read = openAiChat.readRequest({
      messages: [hi, call, result('1'), call, result('2')],
      functions: [{ name: 'f', parameters: { type: 'object' } }],
      function_call: { name: 'f' },
    });
    expect(read).toMatchObject({ tools: [{ name: 'f' }], toolChoice: { name: 'f' } });
    const ids = read.messages.flatMap(({ parts }) =>
      parts.flatMap((part) => (part.type === 'tool_call' ? [part.id] : part.type === 'tool_result' ? [part.callId] : [])),
    );
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).toBe(ids[3]);
    expect(ids[0]).not.toBe(ids[2]);
  });

  it('reads arguments of a call that are an object', () => {
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: { a: 1 } } };
    const { messages } = openAiChat.readRequest({ messages: [hi, { role: 'assistant', tool_calls: [call] }] });
    expect(messages[1]?.parts).toMatchObject([{ type: 'tool_call', arguments: '{"a":1}' }]);
  });

  it('reads the reasoning settings of other providers', () => {
    const wishOf = (more: object) => openAiChat.readRequest({ messages: [hi], ...more }).reasoning;
    expect(wishOf({ reasoning: { effort: 'high' } })).toEqual({ effort: 'high', show: true });
    expect(wishOf({ reasoning: { max_tokens: 2_000, exclude: true } })).toEqual({ budgetTokens: 2_000 });
    expect(wishOf({ thinking: { type: 'enabled', budget_tokens: 2_000 } })).toEqual({ budgetTokens: 2_000, show: true });
    expect(wishOf({ enable_thinking: false })).toEqual({ effort: 'none' });
    expect(wishOf({ reasoning_effort: 'max' })).toEqual({ effort: 'xhigh', show: true });
  });

  it('restricts the tools to those that the choice allows', () => {
    const tool = (name: string) => ({ type: 'function', function: { name } });
    const tool_choice = { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [tool('g')] } };
    const read = openAiChat.readRequest({ messages: [hi], tools: [tool('f'), tool('g')], tool_choice });
    expect(read).toMatchObject({ tools: [{ name: 'g' }], toolChoice: 'required' });
    expect(read.tools).toHaveLength(1);
  });

  it('names the message members that no other dialect supports', () => {
    const { only } = openAiChat.readRequest({ messages: [{ ...hi, name: 'bob' }] });
    expect(only).toEqual({ needed: [], droppable: ['messages.name'] });
  });

  it('makes names of unknown fields safe for a header', () => {
    const { only } = openAiChat.readRequest({ messages: [hi], 'x\r\nset-cookie: a': 1, min_p: 0.1 });
    expect(only?.droppable).toEqual(['xset-cookiea', 'min_p']);
  });
});

describe('request for a response', () => {
  it('reads custom calls in the history', () => {
    const input = [
      hi,
      { type: 'custom_tool_call', call_id: 'c', name: 'apply_patch', input: '*** Begin' },
      { type: 'custom_tool_call_output', call_id: 'c', output: 'ok' },
    ];
    expect(openAiResponses.readRequest({ input }).messages.slice(1)).toMatchObject([
      { parts: [{ type: 'tool_call', id: 'c', name: 'apply_patch', arguments: '{"input":"*** Begin"}' }] },
      { parts: [{ type: 'tool_result', callId: 'c' }] },
    ]);
  });

  it('requests log probabilities only for a number above 0, or with `include`', () => {
    const logprobsOf = (more: object) => openAiResponses.readRequest({ input: 'x', ...more }).logprobs;
    expect(logprobsOf({ top_logprobs: 0 })).toBeUndefined();
    expect(logprobsOf({ top_logprobs: 2 })).toBe(2);
    expect(logprobsOf({ top_logprobs: 0, include: ['message.output_text.logprobs'] })).toBe(0);
  });
});

describe("request in Gemini's dialect", () => {
  it('joins the pieces of a streamed response, and the signature with its reasoning', () => {
    const piece = (part: object) => ({ role: 'model', parts: [part] });
    const mark = (sealed: string) => Buffer.from(sealed).toString('base64');
    const contents = [
      { role: 'user', parts: [{ text: 'x' }] },
      piece({ text: 'a', thought: true }),
      piece({ text: 'b', thought: true }),
      piece({ text: '', thought: true, thoughtSignature: mark('anthropic-messages:c2ln') }),
      piece({ text: 'one' }),
      piece({ text: '\n\n' }),
      piece({ text: 'two' }),
      piece({ text: '' }),
    ];
    expect(gemini.readRequest({ contents }).messages[1]?.parts).toEqual([
      { type: 'reasoning', text: 'ab', signature: 'anthropic-messages:c2ln' },
      { type: 'text', text: 'one\n\ntwo' },
    ]);
  });

  it('restricts the tools to several allowed names', () => {
    const tools = [{ functionDeclarations: [{ name: 'f' }, { name: 'g' }, { name: 'h' }] }];
    const toolConfig = { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['f', 'h'] } };
    const read = gemini.readRequest({ contents: [], tools, toolConfig });
    expect(read.tools?.map(({ name }) => name)).toEqual(['f', 'h']);
    expect(read.toolChoice).toBe('required');
  });
});

describe("stream for a client of Gemini's dialect", () => {
  it('writes the last piece at the end, and the calls of a turn in one piece', () => {
    const context = { model: 'm', id: 'r', createdS: 1, streamUsage: true, framing: 'sse' as const };
    const writer = gemini.writeStream(context);
    const call = (n: number) => [
      writer.write({ type: 'tool_call', choice: 0, call: n, id: `c${n}`, name: 'f' }),
      writer.write({ type: 'tool_arguments', choice: 0, call: n, text: '{}' }),
    ];
    const wire = [
      writer.write({ type: 'text', choice: 0, text: 'a' }),
      ...call(0),
      ...call(1),
      writer.write({ type: 'finish', choice: 0, reason: 'tool_calls' }),
      writer.end(),
    ].join('');
    const pieces = wire
      .trim()
      .split('\n\n')
      .map((event) => JSON.parse(event.slice(6)) as { candidates: { content: { parts: object[] }; finishReason?: string }[] });
    expect(pieces.map(({ candidates: [candidate] }) => [candidate?.content.parts.length, candidate?.finishReason])).toEqual([
      [1, undefined],
      [2, 'STOP'],
    ]);
  });
});
