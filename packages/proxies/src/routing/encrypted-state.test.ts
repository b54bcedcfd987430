import { describe, expect, it } from '@jest/globals';
import { type LlmCall, newCallContext, systemRandom } from '@sluice/core';
import { responsesRequest } from '@sluice/dialects';
import { encryptedConversation, targetOfConversation } from './encrypted-state.ts';
import type { Target } from './model.ts';
import { select } from './strategies.ts';

const target = (name: string, weight = 1): Target => ({
  name,
  provider: name,
  model: 'm',
  weight,
  service: { complete: () => Promise.reject(new Error('not called')) },
});
const targets = [target('r1'), target('r2'), target('r3', 2)];

const call = (body: object): LlmCall => ({
  id: 'c',
  requestId: 'c',
  operation: 'chat',
  dialect: 'openai-responses',
  route: '/v1/responses',
  message: responsesRequest(Buffer.from(JSON.stringify({ model: 'm', ...body }))),
  credential: undefined,
  preferences: { cache: {}, tags: {} },
  signal: new AbortController().signal,
  startedAtMs: 0,
  context: newCallContext(),
});
const figures = { calls: () => 0, outstanding: () => 0, speed: () => ({}) };
const include = ['reasoning.encrypted_content'];

describe('encryptedConversation', () => {
  it('identifies all turns of a conversation by the first user text, in any of its forms', () => {
    const turns = [
      { input: 'hi', include },
      {
        input: [
          { role: 'user', content: 'hi' },
          { type: 'reasoning', summary: [], encrypted_content: 'e' },
        ],
      },
      {
        input: [
          { role: 'user', content: [{ type: 'input_text', text: 'hi' }] },
          { role: 'user', content: 'more' },
        ],
        include,
      },
    ];
    expect(new Set(turns.map((turn) => encryptedConversation(call(turn)))).size).toBe(1);
    expect(encryptedConversation(call({ input: 'another', include }))).not.toBe(encryptedConversation(call(turns[0] as object)));
  });

  it('returns undefined for a call without encrypted reasoning', () => {
    expect(encryptedConversation(call({ input: 'hi' }))).toBeUndefined();
  });
});

describe('targetOfConversation', () => {
  it('distributes conversations in proportion to the weights of the targets', () => {
    const counts = new Map<string, number>();
    for (let n = 0; n < 4_000; n++) {
      const { name } = targetOfConversation(targets, `conversation ${n}`);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    expect(counts.get('r1')).toBeGreaterThan(850);
    expect(counts.get('r2')).toBeGreaterThan(850);
    expect(counts.get('r3')).toBeGreaterThan(1_800);
  });

  it('moves only the conversations of the missing target', () => {
    for (let n = 0; n < 200; n++) {
      const all = targetOfConversation(targets, `conversation ${n}`);
      if (all.name !== 'r2')
        expect(targetOfConversation([targets[0] as Target, targets[2] as Target], `conversation ${n}`)).toBe(all);
    }
  });
});

describe('pick', () => {
  it.each(['weighted', 'balanced', 'speed'] as const)(
    'keeps a conversation with encrypted reasoning at its target with strategy %s',
    (strategy) => {
      const request = call({ input: 'hi', include });
      const picked = Array.from({ length: 20 }, () => select(strategy, targets, request, figures, systemRandom).name);
      expect(new Set(picked).size).toBe(1);
    },
  );
});
