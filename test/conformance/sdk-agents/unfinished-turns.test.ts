import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sdkClients } from '../../support/sdk-callers.ts';
import { STRICT_MODEL_NAMES, type StrictStage, startStrictStage } from '../../support/strict-models.ts';

const KEY = 'key-of-unfinished-turns';

/** A conversation that ends with the assistant. Clients send it to continue a response, or to choose its beginning. */
describe('a conversation that ends with the assistant', () => {
  let stage: StrictStage;
  let sdk: ReturnType<typeof sdkClients>;
  beforeAll(async () => {
    stage = await startStrictStage(KEY);
    sdk = sdkClients(stage.gateway.url, KEY);
  });
  afterAll(() => stage.close());

  it.each(STRICT_MODEL_NAMES)(
    "completes a conversation that ends with the assistant, with %s for OpenAI's SDK, responses",
    async (model) => {
      const input = [
        { role: 'user' as const, content: 'Count.' },
        { role: 'assistant' as const, content: 'One, two, ' },
      ];
      expect((await sdk.openai.responses.create({ model, input, store: false })).status).toBe('completed');
    },
  );

  // Claude's own callers know which models continue a message
  it.each(STRICT_MODEL_NAMES.filter((name) => name !== 'anthropic/claude-opus-4-7'))(
    "completes a conversation that ends with the assistant, with %s for Anthropic's SDK",
    async (model) => {
      const messages = [
        { role: 'user' as const, content: 'An object, please.' },
        { role: 'assistant' as const, content: '{' },
      ];
      expect((await sdk.anthropic.messages.create({ model, max_tokens: 99, messages })).stop_reason).toBe('end_turn');
    },
  );
});
