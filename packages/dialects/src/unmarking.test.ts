import { describe, expect, it } from '@jest/globals';
import type { DialectName } from '@sluice/core';
import { asksToReasonAmidCalls } from './anthropic-messages/unmark-request.ts';
import type { JsonObject } from './neutral/read-json.ts';
import { unmarkRequest } from './unmarking.ts';

const bytes = (body: object): Buffer => Buffer.from(JSON.stringify(body));
const base64 = (mark: string): string => Buffer.from(mark).toString('base64');
const unmarked = (dialect: DialectName, body: JsonObject, more: object = {}) =>
  unmarkRequest(dialect, bytes(body), { skipMarker: true, isGemini: false, ...more });

describe('unmarkRequest', () => {
  it('keeps a request without marks unchanged', () => {
    const thinking = { type: 'thinking', thinking: 'gemini: a twin', signature: 'c2ln' };
    expect(unmarked('anthropic-messages', { messages: [{ role: 'assistant', content: [thinking] }] })).toBeUndefined();
    expect(unmarked('openai-chat', { messages: [{ role: 'user', content: '"gemini:' }] })).toBeUndefined();
  });

  it('returns to Anthropic only its own reasoning', () => {
    const content = [
      { type: 'thinking', thinking: 'a', signature: 'gemini:c2ln' },
      { type: 'thinking', thinking: 'b', signature: 'unsigned:' },
      { type: 'redacted_thinking', data: 'openai-responses:ZW5j' },
      { type: 'redacted_thinking', data: base64('gemini:ZW5j') },
      { type: 'thinking', thinking: 'c', signature: 'anthropic-messages:b3du' },
      { type: 'text', text: 'x' },
    ];
    expect(unmarked('anthropic-messages', { messages: [{ role: 'assistant', content }] })?.body).toEqual({
      messages: [{ role: 'assistant', content: [{ type: 'thinking', thinking: 'c', signature: 'b3du' }, content[5]] }],
    });
  });

  it("disables Anthropic's reasoning with a budget after a call without reasoning", () => {
    const call = (id: string) => ({ type: 'tool_use', id, name: 'f', input: {} });
    const conversation = (content: object[]) => ({
      thinking: { type: 'enabled', budget_tokens: 2_000 },
      context_management: { edits: [{ type: 'clear_thinking_20251015' }] },
      messages: [
        { role: 'user', content: 'x' },
        { role: 'assistant', content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c', content: '1' }] },
      ],
    });
    const marked = conversation([{ type: 'thinking', thinking: 'a', signature: 'gemini:c2ln' }, call('c')]);
    const { body, dropped } = unmarked('anthropic-messages', marked) ?? {};
    expect(dropped).toEqual(['thinking']);
    expect(body).toEqual({ messages: [marked.messages[0], { role: 'assistant', content: [call('c')] }, marked.messages[2]] });
    expect(asksToReasonAmidCalls(conversation([call('call_1')]))).toBe(true);
    expect(asksToReasonAmidCalls(conversation([call('toolu_1')]))).toBe(false);
    expect(asksToReasonAmidCalls({ ...conversation([call('call_1')]), thinking: { type: 'adaptive' } })).toBe(false);
  });

  it('returns to OpenAI only its own reasoning items', () => {
    const item = (encrypted_content: string) => ({ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content });
    const input = [{ role: 'user', content: 'x' }, item('anthropic-messages:c2ln'), item('openai-responses:b3du'), item('plain')];
    expect(unmarked('openai-responses', { input })?.body).toEqual({ input: [input[0], item('b3du'), item('plain')] });
  });

  it('removes foreign details and signatures from chat completions, and members that the provider refuses', () => {
    const message = {
      role: 'assistant',
      content: null,
      reasoning_content: 'a',
      reasoning_details: [
        { type: 'reasoning.text', text: 'a' },
        { type: 'reasoning.text', text: 'a', signature: 'anthropic-messages:c2ln' },
      ],
      tool_calls: [{ id: 'c', type: 'function', function: {}, extra_content: { google: { thought_signature: 'gemini:c2ln' } } }],
    };
    const call = { id: 'c', type: 'function', function: {} };
    const kept = { role: 'assistant', content: null, reasoning_content: 'a', tool_calls: [call] };
    expect(unmarked('openai-chat', { messages: [message] })?.body).toEqual({ messages: [kept] });
    const { reasoning_content: _text, ...bare } = kept;
    const dropFromMessages = ['reasoning_content', 'reasoning_details'];
    expect(unmarked('openai-chat', { messages: [message] }, { dropFromMessages })?.body).toEqual({ messages: [bare] });
    expect(unmarked('openai-chat', { messages: [message] }, { isGemini: true })?.body).toMatchObject({
      messages: [{ tool_calls: [{ extra_content: { google: { thought_signature: 'c2ln' } } }] }],
    });
  });

  it('sends Gemini the marker for calls of other providers, and no other foreign signature', () => {
    const call = { functionCall: { name: 'f', args: {} } };
    const body = {
      contents: [
        { role: 'user', parts: [{ text: 'x' }] },
        {
          role: 'model',
          parts: [
            { text: 'a', thought: true, thoughtSignature: base64('anthropic-messages:c2ln') },
            { text: 'b', thoughtSignature: base64('openai-responses:c2ln') },
            { ...call, thoughtSignature: base64('unsigned:') },
            { ...call, thoughtSignature: 'b3du' },
          ],
        },
        { role: 'model', parts: [{ text: '', thought: true, thought_signature: base64('bedrock-converse:c2ln') }] },
      ],
    };
    const own = { ...call, thoughtSignature: 'b3du' };
    const written = (signed: object) => ({
      contents: [body.contents[0], { role: 'model', parts: [{ text: 'b' }, signed, own] }],
    });
    expect(unmarked('gemini', body)?.body).toEqual(written({ ...call, thoughtSignature: 'skip_thought_signature_validator' }));
    expect(unmarked('gemini', body, { skipMarker: false })?.body).toEqual(written(call));
  });
});
