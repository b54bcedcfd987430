import { describe, expect, it } from '@jest/globals';
import { claude, loop, tool } from '../../../../test/support/profiled-request.ts';

describe('profile of Claude', () => {
  it('sends Claude an effort as a budget up to 4.5, and unchanged from 4.6 on', () => {
    const effort = { reasoning_effort: 'high', max_tokens: 20_000 };
    expect(claude('claude-sonnet-4-5', effort).body).toMatchObject({ thinking: { type: 'enabled', budget_tokens: 16_384 } });
    expect(claude('claude-sonnet-4-20250514', effort).body).toMatchObject({ thinking: { type: 'enabled' } });
    for (const model of ['claude-sonnet-4-6', 'claude-opus-4-7', 'claude-sonnet-5', 'claude-next']) {
      expect(claude(model, effort).body).toMatchObject({ thinking: { type: 'adaptive' }, output_config: { effort: 'high' } });
    }
    expect(claude('claude-3-5-haiku-latest', effort)).toMatchObject({ dropped: ['reasoning_effort'] });
  });

  it('sends Claude a default reasoning budget if the caller gives none', () => {
    const { body } = claude('claude-haiku-4-5', { reasoning: { enabled: true }, max_tokens: 20_000 });
    expect(body).toMatchObject({ thinking: { type: 'enabled', budget_tokens: 8_192 } });
  });

  it('sends Claude one sampling parameter from 4.5 on, and none from 4.7 on', () => {
    const both = { temperature: 0.7, top_p: 0.9, top_k: 5 };
    expect(claude('claude-sonnet-4-20250514', both)).toMatchObject({ body: both, dropped: [] });
    expect(claude('claude-sonnet-4-5', both)).toMatchObject({ body: { temperature: 0.7, top_k: 5 }, dropped: ['top_p'] });
    const newest = claude('claude-opus-4-7', both);
    expect(newest.dropped).toEqual(['temperature', 'top_p', 'top_k']);
    for (const name of Object.keys(both)) expect(newest.body).not.toHaveProperty(name);
    expect(claude('claude-opus-4-7', { temperature: 1 }).dropped).toEqual([]);
    expect(claude('claude-haiku-4-5', { temperature: 1.5 })).toMatchObject({
      body: { temperature: 1 },
      dropped: ['temperature'],
    });
  });

  it('disables reasoning of Claude when a tool is forced, and keeps the effort of the answer', () => {
    const forced = { tools: [tool], tool_choice: 'required', reasoning_effort: 'low', max_tokens: 9_000 };
    const older = claude('claude-sonnet-4-5', forced);
    expect(older).toMatchObject({ body: { tool_choice: { type: 'any' } }, dropped: ['reasoning_effort'] });
    expect(older.body).not.toHaveProperty('thinking');
    const newer = claude('claude-opus-4-7', forced);
    expect(newer).toMatchObject({ body: { output_config: { effort: 'low' } }, dropped: ['reasoning_effort'] });
    expect(newer.body).not.toHaveProperty('thinking');
  });

  it('disables budgeted reasoning of Claude after a tool call without signed reasoning', () => {
    const request = { messages: loop, tools: [tool], reasoning_effort: 'low', max_tokens: 9_000 };
    const older = claude('claude-sonnet-4-5', request);
    expect(older.dropped).toEqual(['reasoning_effort']);
    expect(older.body).not.toHaveProperty('thinking');
    expect(claude('claude-opus-4-7', request)).toMatchObject({ body: { thinking: { type: 'adaptive' } }, dropped: [] });
  });

  it('sends Claude closed schemas, with limits in descriptions', () => {
    const schema = {
      type: 'object',
      properties: {
        a: { type: 'integer', minimum: 1, description: 'A' },
        b: { type: 'array', items: { type: 'object' }, maxItems: 3 },
      },
    };
    const { body } = claude('claude-sonnet-4-5', {
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
    });
    expect(body['output_config']).toEqual({
      format: {
        type: 'json_schema',
        schema: {
          type: 'object',
          properties: {
            a: { type: 'integer', description: 'A\n\n{minimum: 1}' },
            b: { type: 'array', items: { type: 'object', additionalProperties: false }, description: '{maxItems: 3}' },
          },
          additionalProperties: false,
        },
      },
    });
    const older = claude('claude-3-5-haiku-latest', {
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
    });
    expect(older).toMatchObject({ dropped: ['response_format'] });
    expect(JSON.stringify(older.body['system'])).toContain('JSON schema');
  });

  it('merges a union at the top of a tool’s schema for Claude', () => {
    const parameters = {
      oneOf: [
        { properties: { a: { type: 'string' } }, required: ['a', 'c'] },
        { properties: { b: { type: 'string' } }, required: ['b', 'c'] },
      ],
    };
    const { body, dropped } = claude('claude-sonnet-4-5', { tools: [{ type: 'function', function: { name: 'f', parameters } }] });
    expect(body['tools']).toEqual([
      {
        name: 'f',
        input_schema: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } }, required: ['c'] },
      },
    ]);
    expect(dropped).toEqual(['tools.oneOf']);
  });

  it('sends Claude valid call ids, declared tools, a user message first, and no email address', () => {
    const { body } = claude('claude-sonnet-4-5', { messages: loop.slice(1), user: 'someone@example.com' });
    const [opening, call, result] = body['messages'] as { role: string; content: { id?: string; tool_use_id?: string }[] }[];
    expect(opening?.role).toBe('user');
    expect(call?.content[0]?.id).toMatch(/^[\w-]+$/);
    expect(result?.content[0]?.tool_use_id).toBe(call?.content[0]?.id);
    expect(body).toMatchObject({ tools: [{ name: 'f' }], tool_choice: { type: 'none' } });
    expect(body['metadata']).toEqual({ user_id: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it('applies white-space stop sequences in the gateway for Claude', () => {
    expect(claude('claude-sonnet-4-5', { stop: ['\n', 'END'] })).toMatchObject({
      body: { stop_sequences: ['END'] },
      stop: ['\n'],
    });
  });

  it('refuses an image of an unsupported type for Claude', () => {
    const image = (type: string) => [
      { role: 'user', content: [{ type: 'image_url', image_url: { url: `data:${type};base64,AAAA` } }] },
    ];
    expect(JSON.stringify(claude('claude-sonnet-4-5', { messages: image('image/jpg') }).body)).toContain('"image/jpeg"');
    expect(() => claude('claude-sonnet-4-5', { messages: image('image/tiff') })).toThrow('image/tiff');
  });
});
