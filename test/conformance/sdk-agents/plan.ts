import { expect } from '@jest/globals';
import type { StrictModel, StrictStage } from '../../support/strict-models.ts';
import type { Ask, MatrixClient } from './client.ts';
import type { ReasoningSeen } from './outcomes.ts';

/** Messages of a user, and the rounds of calls that the simulator plays for each. */
const PLAN: readonly (readonly [string, readonly (readonly string[])[]])[] = [
  ['First [[lookup search]] then [[lookup]] please.', [['lookup', 'search'], ['lookup']]],
  ['Thank you.', []],
  ['Once more [[search lookup search]].', [['search', 'lookup', 'search']]],
];

const SIGNATURES = ['openai|', 'claude|', 'gemini|'].map((maker) =>
  Buffer.from(maker).toString('base64').replace(/=+$/, '').slice(0, -1),
);

/**
 * Leads an agent through tool loops with parallel and sequential calls.
 * The model refuses nothing, no call is repeated, and each request has all results so far.
 */
export async function converse(client: MatrixClient, ask: Ask, stage: StrictStage): Promise<ReasoningSeen> {
  const { journal } = stage.simulator;
  journal.clear();
  const agent = client.start(ask);
  const texts: string[] = [];
  let requests = 0;
  let shown = '';
  for (const [text, rounds] of PLAN) {
    const results: string[] = [];
    const seen = await agent.say(text, (name) => {
      const result = `${name} found ${texts.length + results.length}.`;
      results.push(result);
      return result;
    });
    expect(seen.rounds).toEqual(rounds);
    for (const result of results.slice(-(rounds.at(-1)?.length ?? 0)))
      expect(seen.text).toContain(rounds.length === 0 ? '' : result);
    texts.push(text, ...results);
    requests += rounds.length + 1;
    shown += seen.reasoning;
  }
  expect(journal.entries.map(({ outcome }) => outcome)).toEqual(Array<string>(requests).fill('answered'));
  const last = journal.entries.at(-1)?.body ?? '';
  // a provider that stores the conversation gets only the new items
  const sent = last.includes('"previous_response_id"') ? journal.entries.map(({ body }) => body).join() : last;
  for (const text of texts) expect(sent).toContain(text);
  return { shown: shown !== '', returned: journal.entries.some(({ body }) => returnsReasoning(body)) };
}

const returnsReasoning = (body: string): boolean =>
  SIGNATURES.some((signature) => body.includes(signature)) || body.includes('"reasoning_content":"Thinking about');

/** Models without a parameter for reasoning, with requests that pass unchanged. A request with it is the caller's own error. */
const REFUSES_EFFORT: readonly StrictModel[] = ['openai/gpt-4o', 'mistral/mistral-large-latest'];

/** Returns whether a client can enable a model's reasoning. */
export const canAskToReason = (client: MatrixClient, model: StrictModel): boolean =>
  !(client.dialect === 'openai-chat' && REFUSES_EFFORT.includes(model));
