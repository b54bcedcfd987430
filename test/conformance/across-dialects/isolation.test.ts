import type Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Gateway } from '@sluice/gateway';
import { type ScriptedUpstream, whole } from '../../support/scripted-upstream.ts';
import { anthropicAnswer, KEY, openAiAnswer, type Stage, startStage } from './stage.ts';

describe('callers of different dialects at one gateway', () => {
  let stage: Stage;
  let upstream: ScriptedUpstream;
  let gateway: Gateway;
  let anthropic: Anthropic;
  beforeAll(async () => {
    stage = await startStage();
    ({ upstream, gateway, anthropic } = stage);
  });
  afterAll(() => stage.stop());
  beforeEach(() => upstream.answer(whole(openAiAnswer)));
  const reached = () => upstream.requests.at(-1);

  it("forwards the features in a caller's header only to a provider of the same dialect", async () => {
    const ask = (model: string, beta: string, cache: string) =>
      anthropic.messages
        .create(
          { model, max_tokens: 5, messages: [{ role: 'user', content: 'beta' }] },
          { headers: { 'anthropic-beta': beta, 'x-not-for-you': '1', 'cache-control': cache } },
        )
        .withResponse();
    upstream.answer(whole(anthropicAnswer));
    await ask('anthropic/claude-x', 'context-1m', 'max-age=60');
    expect(reached()?.headers).toMatchObject({ 'anthropic-beta': 'context-1m', 'anthropic-version': '2023-06-01' });
    expect(reached()?.headers).not.toHaveProperty('x-not-for-you');
    // another feature gives another cache key
    expect((await ask('anthropic/claude-x', 'other', 'max-age=60')).response.headers.get('x-sluice-cache')).toBe('miss');
    expect((await ask('anthropic/claude-x', 'other', 'max-age=60')).response.headers.get('x-sluice-cache')).toBe('hit');
    upstream.answer(whole(openAiAnswer));
    await ask('openai/gpt-x', 'context-1m', 'no-cache');
    expect(reached()?.headers).not.toHaveProperty('anthropic-beta');
  });

  it('keeps cached responses of one dialect from callers of another, even for identical bytes', async () => {
    const request = JSON.stringify({ model: 'pretend', max_tokens: 50, messages: [{ role: 'user', content: 'same' }] });
    const ask = (path: string) =>
      fetch(`${gateway.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        body: request,
      });
    expect(await (await ask('/v1/chat/completions')).json()).toMatchObject({ object: 'chat.completion' });
    const other = await ask('/v1/messages');
    expect(other.headers.get('x-sluice-cache')).toBe('miss');
    expect(await other.json()).toMatchObject({ type: 'message' });
    expect((await ask('/v1/messages')).headers.get('x-sluice-cache')).toBe('hit');
  });
});
