import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type Agent,
  type AgentTurn,
  ChatAgent,
  GeminiAgent,
  MessagesAgent,
  PNG,
  ResponsesAgent,
  resultOf,
  TOOLS,
} from '../support/agents.ts';
import { ALL_STRICT_NAMES, type StrictModel, type StrictStage, startStrictStage } from '../support/strict-models.ts';

const KEY = 'key-of-the-agents';

/** Models without tools or without parallel calls. A request of a caller in their own dialect is passed through. */
const WITH_FEW_TOOLS: readonly StrictModel[] = ['perplexity/sonar', 'vllm/llama-3.3-70b-instruct'];
const NAMES = ALL_STRICT_NAMES.filter((name) => !WITH_FEW_TOOLS.includes(name));

/** Models in the caller's own dialect without a parameter for reasoning. A request with it is the caller's own error. */
const REFUSES_EFFORT: readonly StrictModel[] = [
  'openai/gpt-4o',
  'mistral/mistral-large-latest',
  'xai/grok-4',
  'zai/glm-4.7',
  'cohere/command-a-03-2025',
];

const AGENTS: Readonly<Record<string, () => Agent>> = {
  'openai-chat': () => new ChatAgent(),
  'openai-responses': () => new ResponsesAgent(),
  'anthropic-messages': () => new MessagesAgent(),
  gemini: () => new GeminiAgent(),
};

interface Step {
  readonly model: StrictModel;
  readonly tools: readonly string[];
  readonly image: boolean;
  readonly reasoning: boolean;
  readonly stream: boolean;
}

const steps = fc.array(
  fc.record({
    model: fc.constantFrom(...NAMES),
    tools: fc.constantFrom<readonly string[]>([], [], ['lookup'], [...TOOLS]),
    image: fc.boolean(),
    reasoning: fc.boolean(),
    stream: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
);

describe('conversations that move between providers', () => {
  let stage: StrictStage;
  beforeAll(async () => {
    stage = await startStrictStage(KEY);
  });
  afterAll(() => stage.close());

  async function converse(agent: Agent, caller: string, plan: readonly Step[]): Promise<void> {
    const texts: string[] = [];
    let images = 0;
    for (const [n, { model, tools, image, reasoning, stream }] of plan.entries()) {
      const own = caller === 'openai-chat' && REFUSES_EFFORT.includes(model);
      const turn: AgentTurn = { text: `turn${n}! ${tools.join(' and ')}`, image, reasoning: reasoning && !own, stream };
      const { path, body } = agent.request(model, turn);
      const response = await fetch(`${stage.gateway.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-goog-api-key': KEY, authorization: `Bearer ${KEY}` },
        body: JSON.stringify(body),
      });
      const answer = await response.text();
      const upstream = stage.simulator.journal.entries.at(-1)?.body ?? '';
      expect({ status: response.status, answer, upstream: response.status === 200 ? '' : upstream }).toEqual({
        status: 200,
        answer,
        upstream: '',
      });
      texts.push(`turn${n}!`);
      if (image) images++;
      // the earlier turns and the tool results are complete
      for (const text of texts) expect(upstream).toContain(text);
      expect(upstream.split(PNG)).toHaveLength(images + 1);
      const calls = agent.receive(answer, stream);
      expect(calls.map(({ name }) => name)).toEqual(tools);
      texts.push(...calls.map(({ id }) => resultOf(id)));
    }
    stage.simulator.journal.clear();
  }

  it.each(Object.entries(AGENTS))(
    'keeps the whole conversation and causes no refusal, for a caller of %s',
    async (caller, start) => {
      await fc.assert(
        fc.asyncProperty(steps, (plan) => converse(start(), caller, plan)),
        { numRuns: Number(process.env['MOVES'] ?? 20) },
      );
    },
  );

  it.each(Object.entries(AGENTS).filter(([caller]) => caller !== 'openai-chat'))(
    'moves a conversation to models with few tools and back, for a caller of %s',
    async (caller, start) => {
      const step = { image: false, reasoning: true, stream: true };
      const both = { ...step, model: 'anthropic/claude-opus-4-7', tools: [...TOOLS] } as const;
      const llama = { ...step, model: 'vllm/llama-3.3-70b-instruct', tools: [...TOOLS] } as const;
      const sonar = { ...step, model: 'perplexity/sonar', tools: [] } as const;
      await converse(start(), caller, [both, llama, sonar, llama, both, sonar]);
    },
  );

  it.each(Object.entries(AGENTS))("returns a model's own signatures, for a caller of %s", async (caller, start) => {
    for (const model of [
      'anthropic/claude-sonnet-4-5',
      'google/gemini-3-pro-preview',
      'compatible/gemini-3-flash-preview',
      'responses/gpt-5',
    ] as const) {
      const agent = start();
      const step = { model, tools: ['lookup'], image: false, reasoning: true, stream: true };
      await converse(agent, caller, [step]);
      const { path, body } = agent.request(model, { text: 'on', image: false, reasoning: true, stream: false });
      await fetch(`${stage.gateway.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-goog-api-key': KEY, authorization: `Bearer ${KEY}` },
        body: JSON.stringify(body),
      });
      const maker = {
        'anthropic/claude-sonnet-4-5': 'claude|',
        'google/gemini-3-pro-preview': 'gemini|',
        'compatible/gemini-3-flash-preview': 'gemini|',
        'responses/gpt-5': 'openai|',
      }[model];
      const upstream = stage.simulator.journal.entries.at(-1)?.body ?? '';
      expect(upstream).toContain(Buffer.from(maker).toString('base64').slice(0, -3));
    }
  });
});
