import type { ProfileOverride, ProfileRow } from './model-profile.ts';

/** Source: Anthropic's documentation, "Structured outputs", JSON schema limitations. */
const STRUCTURED: ProfileOverride['schemas'] = {
  answers: 'schema',
  closed: true,
  unsupported: [
    'minimum',
    'maximum',
    'exclusiveMinimum',
    'exclusiveMaximum',
    'multipleOf',
    'minLength',
    'maxLength',
    'maxItems',
    'uniqueItems',
    'minProperties',
    'maxProperties',
  ],
};

const tools = { declaredForHistory: true };
const roles = { assistantLast: false };
const BUDGET = { form: 'budget', withForcedTool: false, minBudget: 1_024, usualBudget: 8_192 } as const;

/**
 * Claude, at Anthropic and other providers. Sources: Anthropic's documentation, "Extended thinking", "Adaptive thinking",
 * "Effort" and "Migration guide"; «temperature and top_p cannot both be specified for this model» from Opus 4.1 on;
 * «thinking.type.enabled is not supported for this model» from 4.7 on; «This model does not support assistant message prefill.
 * The conversation must end with a user message.» from 4.6 on.
 */
export const CLAUDE: readonly ProfileRow[] = [
  {
    name: 'claude-3.5',
    models: /claude-(?:instant|[12]\b|3(?![-.]7)\b)/,
    profile: { reasoning: { form: 'none', withForcedTool: false }, schemas: { answers: 'sentence' }, tools },
  },
  {
    name: 'claude-4',
    models: /claude-(?:3[-.]7|(?:opus|sonnet)-4(?:-0)?(?:$|[@:]|-20\d{6}))/,
    profile: { reasoning: BUDGET, schemas: { answers: 'sentence' }, tools },
  },
  {
    name: 'claude-4.5',
    models: /claude-(?:opus|sonnet|haiku)-4[-.][1-5](?!\d)/,
    profile: { reasoning: BUDGET, sampling: { accepts: 'one', maxTemperature: 1 }, schemas: STRUCTURED, tools },
  },
  {
    name: 'claude-4.6',
    models: /claude-(?:opus|sonnet|haiku)-4[-.]6(?!\d)/,
    profile: {
      reasoning: { form: 'adaptive', withForcedTool: false, efforts: ['none', 'low', 'medium', 'high'] },
      sampling: { accepts: 'one', maxTemperature: 1 },
      schemas: STRUCTURED,
      roles,
      tools,
    },
  },
  {
    name: 'claude-4.7 and later',
    models: /claude/,
    profile: {
      reasoning: { form: 'adaptive', withForcedTool: false, efforts: ['none', 'low', 'medium', 'high', 'xhigh'] },
      sampling: { accepts: 'none', topK: false },
      schemas: STRUCTURED,
      roles,
      tools,
    },
  },
];
