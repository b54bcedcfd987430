import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '@sluice/core/testing';
import { LearnedFields, LearnedModels } from './learned-fields.ts';
import { changedRequest } from './optional-fields.ts';
import { BASE } from './profiles/base.ts';
import { refusedIn } from './refused-fields.ts';

const chat = {
  model: 'm',
  messages: [
    { role: 'user', content: [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral' } }] },
    { role: 'assistant', content: null, reasoning_content: 'r', tool_calls: [{ id: 'a', extra_content: { google: {} } }] },
  ],
  tools: [{ type: 'function', function: { name: 'f', strict: true } }],
  max_completion_tokens: 5,
  temperature: 0.2,
  top_p: 0.9,
  presence_penalty: 1,
  stop: ['x'],
  seed: 1,
  user: 'u',
  store: true,
  metadata: {},
  reasoning_effort: 'low',
  thinking: { type: 'enabled' },
};
const anthropic = {
  messages: [{ role: 'user', content: 'x' }],
  max_tokens: 5,
  temperature: 0.2,
  top_p: 0.9,
  thinking: { type: 'adaptive' },
  output_config: { effort: 'high' },
  stop_sequences: ['x'],
};
const gemini = {
  contents: [],
  generationConfig: {
    seed: 1,
    temperature: 1,
    thinkingConfig: { thinkingLevel: 'LOW', includeThoughts: true },
    maxOutputTokens: 5,
  },
};

describe('refusedIn', () => {
  it.each<[message: string, paths: string[]]>([
    [
      "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
      ['temperature'],
    ],
    [
      "Unsupported parameter: 'max_completion_tokens' is not supported with this model. Use 'max_tokens' instead.",
      ['max_completion_tokens'],
    ],
    ["Unsupported parameter: 'stop' is not supported with this model.", ['stop']],
    ['Unrecognized request argument supplied: reasoning_effort', ['reasoning_effort']],
    ['Unrecognized request arguments supplied: store, metadata', ['store', 'metadata']],
    ["Unknown parameter: 'messages[1].reasoning_content'.", ['messages.*.reasoning_content']],
    [
      "Additional properties are not allowed ('reasoning_content' was unexpected) - 'messages.1'",
      ['messages.*.reasoning_content'],
    ],
    ['body.seed: Extra inputs are not permitted; body.user: Extra inputs are not permitted', ['seed', 'user']],
    ['tools.0.function.strict: Extra inputs are not permitted', []],
    ["property 'strict' is unsupported", ['tools.*.function.strict']],
    ['Argument not supported on this model: presencePenalty', ['presence_penalty']],
    ["openai does not support parameters: ['top_p'], for model=m", ['top_p']],
    ["'messages.1' : property 'extra_content' is unsupported", ['messages.*.tool_calls.*.extra_content']],
    // ordinary words that are also names of fields
    ['The tool f is not supported in the store of this user', []],
    ["Unsupported value: 'messages[0].role' does not support 'developer' with this model.", []],
    ["Invalid schema for function 'f': seed is required", []],
    ['', []],
  ])('reads the refused fields of a chat completion from «%s»', (message, paths) => {
    expect(refusedIn(message, chat, 'openai-chat').map(({ path }) => path.join('.'))).toEqual(paths);
  });

  it.each<[message: string, paths: string[]]>([
    ['`temperature` and `top_p` cannot both be specified for this model. Please use only one.', ['top_p']],
    ['`temperature` is deprecated for this model.', ['temperature']],
    ['temperature: Extra inputs are not permitted', ['temperature']],
    ['adaptive thinking is not supported on this model', ['thinking']],
    ['This model does not support the `effort` parameter.', ['output_config.effort']],
    ['max_tokens: 5 is not supported', []],
    ['stop_sequences: not supported', ['stop_sequences']],
  ])('reads the refused fields of a request to Anthropic from «%s»', (message, paths) => {
    expect(refusedIn(message, anthropic, 'anthropic-messages').map(({ path }) => path.join('.'))).toEqual(paths);
  });

  it.each<[message: string, paths: string[]]>([
    [
      'Invalid JSON payload received. Unknown name "thinkingLevel" at \'generation_config.thinking_config\': Cannot find field.',
      ['generationConfig.thinkingConfig.thinkingLevel'],
    ],
    ['Thinking level is not supported for this model.', ['generationConfig.thinkingConfig.thinkingLevel']],
    [
      'Invalid JSON payload received. Unknown name "seed" at \'generation_config\': Cannot find field.',
      ['generationConfig.seed'],
    ],
  ])('reads the refused fields of a request to Google from «%s»', (message, paths) => {
    expect(refusedIn(message, gemini, 'gemini').map(({ path }) => path.join('.'))).toEqual(paths);
  });

  it('removes a refused field from the request, or gives it its other name', () => {
    const change = (message: string, body: Record<string, unknown>, dialect: 'openai-chat' | 'gemini') =>
      refusedIn(message, body, dialect).reduce(changedRequest, body);
    expect(change("Unsupported parameter: 'max_completion_tokens'", { max_completion_tokens: 5 }, 'openai-chat')).toEqual({
      max_tokens: 5,
    });
    expect(change("Unknown parameter: 'messages[1].reasoning_content'", chat, 'openai-chat')).toEqual({
      ...chat,
      messages: [chat.messages[0], { role: 'assistant', content: null, tool_calls: chat.messages[1]?.tool_calls }],
    });
    const thinking = { contents: [], generationConfig: { thinkingConfig: { thinkingLevel: 'LOW' } } };
    expect(change('Thinking level is not supported for this model.', thinking, 'gemini')).toEqual({ contents: [] });
  });
});

describe('LearnedFields', () => {
  const temperature = { path: ['temperature'], shown: 'temperature' };

  it('applies learned refusals to later requests for an hour', () => {
    const clock = new ManualClock();
    const learned = new LearnedFields(() => clock.monotonic());
    expect(learned.learn([temperature])).toBe(true);
    expect(learned.learn([temperature])).toBe(false);
    expect(learned.apply({ temperature: 1, seed: 2 })).toEqual({ body: { seed: 2 }, dropped: ['temperature'] });
    expect(learned.apply({ seed: 2 })).toEqual({ body: { seed: 2 }, dropped: [] });
    clock.advance(3_600_000);
    expect(learned.apply({ temperature: 1 }).body).toEqual({ temperature: 1 });
    expect(learned.learn([temperature])).toBe(true);
  });

  it('renames an output limit at most once', () => {
    const learned = new LearnedFields(() => 0);
    expect(learned.learn([{ path: ['max_completion_tokens'], rename: 'max_tokens' }])).toBe(true);
    expect(learned.learn([{ path: ['max_tokens'], rename: 'max_completion_tokens' }])).toBe(false);
    expect(learned.apply({ max_completion_tokens: 1 }).body).toEqual({ max_tokens: 1 });
  });

  it('learns at most 32 fields of a model', () => {
    const learned = new LearnedFields(() => 0);
    for (let n = 0; n < 100; n++) learned.learn([{ path: [`f${n}`] }]);
    expect(Object.keys(learned.apply(Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`f${n}`, n]))).body)).toHaveLength(
      68,
    );
  });

  it('remembers the 256 models with the latest refusals', () => {
    const learned = new LearnedModels(() => 0);
    for (let n = 0; n <= 256; n++) learned.learn(`m${n}`, [temperature]);
    expect(learned.of('m0')).toBeUndefined();
    expect(learned.of('m1')?.apply({ temperature: 1 }).body).toEqual({});
    expect(learned.of('m256')).toBeDefined();
    expect(learned.learn('m256', [])).toBe(false);
  });

  it('applies refused stop sequences in the gateway', () => {
    const learned = new LearnedFields(() => 0);
    expect(learned.profile(BASE)).toBe(BASE);
    learned.learn([{ path: ['stop'], byGateway: true }]);
    expect(learned.profile(BASE).stop).toEqual({ accepts: 'none' });
  });
});
