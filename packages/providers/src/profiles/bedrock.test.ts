import { describe, expect, it } from '@jest/globals';
import { converse, loop } from '../../../../test/support/profiled-request.ts';

describe('profiles at Bedrock', () => {
  it('requests reasoning at Bedrock from Claude, and not from other models', () => {
    const effort = { reasoning_effort: 'high', max_tokens: 20_000, top_k: 5 };
    expect(converse('anthropic.claude-haiku-4-5-20251001-v1:0', effort).body).toMatchObject({
      additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 16_384 } },
    });
    expect(converse('us.anthropic.claude-opus-4-7-v1', effort).body).toMatchObject({
      additionalModelRequestFields: { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } },
    });
    const nova = converse('us.amazon.nova-pro-v1:0', { ...effort, messages: loop });
    expect(nova.body).not.toHaveProperty('additionalModelRequestFields');
    expect(nova.dropped).toEqual(['reasoning_effort', 'top_k']);
    expect(nova.body).toMatchObject({ toolConfig: { tools: [{ toolSpec: { name: 'f' } }] } });
  });

  it('gives two documents with the same name different names for Bedrock', () => {
    const file = { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,AAAA' } };
    const { messages } = converse('anthropic.claude-sonnet-4-5-v1:0', {
      messages: [{ role: 'user', content: [file, file] }],
    }).body;
    const [{ content }] = messages as [{ content: { document: { name: string } }[] }];
    expect(new Set(content.map(({ document }) => document.name)).size).toBe(2);
  });
});
