import type { ProfileRow } from './model-profile.ts';

/**
 * Moonshot's models. Sources: Moonshot's documentation, "Thinking models": «thinking is enabled but reasoning_content is
 * missing in assistant tool call message», «tool_choice 'specified' is incompatible with thinking enabled»; the temperature is
 * from 0 to 1, and fixed for models that reason.
 */
export const KIMI: readonly ProfileRow[] = [
  {
    name: 'kimi-k2',
    models: /kimi-k2(?!\.\d|-thinking)|moonshot-v1/,
    profile: { reasoning: { form: 'none', returned: 'with_calls' }, sampling: { maxTemperature: 1 } },
  },
  {
    name: 'kimi-k2.5 and later',
    models: /kimi/,
    profile: {
      reasoning: { form: 'thinking', withForcedTool: false, returned: 'with_calls' },
      sampling: { accepts: 'none', penalties: false },
    },
  },
];
