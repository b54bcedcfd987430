import { describe, expect, it } from '@jest/globals';
import { compactionAnswer, summaryRequest } from './compaction.ts';
import { responsesRequest } from './request.ts';

const bytesOf = (value: object): Buffer => Buffer.from(JSON.stringify(value));
const response = {
  ...{ id: 'resp_1', created_at: 7, usage: { input_tokens: 3, output_tokens: 2, total_tokens: 5 } },
  output: [
    { type: 'reasoning', id: 'rs_1', summary: [] },
    { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'So far: «nothing».' }] },
  ],
};

describe('summaryRequest', () => {
  it('asks for a summary of all items, without a tool call', () => {
    const tools = [{ type: 'function', name: 'read', parameters: {} }];
    const input = [
      { role: 'user', content: 'Hello' },
      { type: 'function_call', call_id: 'c', name: 'read', arguments: '{}' },
    ];
    const body = { model: 'm', instructions: 'Be brief.', tools, input, stream: true, text: { format: { type: 'json_object' } } };
    const request = JSON.parse(summaryRequest(bytesOf(body)).toString());
    expect(request).toMatchObject({ model: 'm', instructions: 'Be brief.', tools, tool_choice: 'none', store: false });
    expect(request.input.slice(0, 2)).toEqual(input);
    expect(request.input[2]).toMatchObject({ role: 'user', content: [{ text: expect.stringContaining('Summarize') }] });
    expect([request.stream, request.text]).toEqual([undefined, undefined]);
  });

  it('accepts a text as input, and sets no tool choice without tools', () => {
    const request = JSON.parse(summaryRequest(bytesOf({ model: 'm', input: 'Hello' })).toString());
    expect(request.input).toHaveLength(2);
    expect('tool_choice' in request).toBe(false);
  });

  it('refuses a request without a model', () => {
    expect(() => summaryRequest(bytesOf({ input: 'Hello' }))).toThrow("'model' must be");
  });
});

describe('compactionAnswer', () => {
  const input = [
    { role: 'developer', content: 'Be brief.' },
    { role: 'user', content: 'Hello' },
    { type: 'message', role: 'assistant', content: 'Hi' },
  ];

  it("returns the user's messages and one item with the summary", () => {
    expect(compactionAnswer({ input }, response)).toMatchObject({
      ...{ id: 'resp_1', object: 'response.compaction', created_at: 7, usage: { total_tokens: 5 } },
      output: [
        { type: 'message', role: 'user', status: 'completed', content: [{ type: 'input_text', text: 'Hello' }] },
        { type: 'compaction', id: 'cmp_resp_1', encrypted_content: expect.any(String) },
      ],
    });
  });

  it('refuses a response without text', () => {
    expect(() => compactionAnswer({ input }, { ...response, output: [] })).toThrow('no summary');
  });

  it('writes an item that a later request contains as a message with the summary', () => {
    const { output } = compactionAnswer({ input }, response) as { output: object[] };
    const next = { model: 'm', input: [...output, { role: 'user', content: 'Go on' }] };
    const read = responsesRequest(bytesOf(next)).json()['input'] as { content: [{ text: string }] }[];
    expect(read.map((item) => Object.keys(item).includes('encrypted_content'))).toEqual([false, false, false]);
    expect(read[1]).toMatchObject({ role: 'user', content: [{ text: expect.stringContaining('So far: «nothing».') }] });
  });
});

describe('responsesRequest', () => {
  it('keeps a compaction of another provider, and a text that looks like a summary', () => {
    const input = [
      { type: 'compaction', encrypted_content: 'gAAAA' },
      { role: 'user', content: 'sluice-summary:x' },
    ];
    const bytes = bytesOf({ model: 'm', input });
    expect(responsesRequest(bytes).bytes.equals(bytes)).toBe(true);
  });
});
