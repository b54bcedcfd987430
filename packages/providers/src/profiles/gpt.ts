import type { Effort } from '@sluice/dialects';
import type { ProfileOverride, ProfileRow } from './model-profile.ts';

const roles = { system: 'anywhere' } as const;
/**
 * Models that reason: «Unsupported value: 'temperature' does not support 0.2 with this model», and likewise for `stop` and
 * penalties.
 */
const reasons = (efforts: readonly Effort[]): ProfileOverride => ({
  reasoning: { form: 'effort', efforts },
  sampling: { accepts: 'none', topK: false, penalties: false },
  stop: { accepts: 'none' },
  roles,
});

/**
 * OpenAI's models, at OpenAI, Azure and other providers. Source: OpenAI's documentation, "Reasoning models" and the pages of
 * its models.
 */
export const GPT: readonly ProfileRow[] = [
  { name: 'gpt-oss', models: /gpt-oss/, profile: { reasoning: { form: 'effort', efforts: ['low', 'medium', 'high'] } } },
  {
    name: 'gpt-4 and older',
    models: /(?:^|[/.])(?:chatgpt-|gpt-(?:3|4|5(?:\.\d)?-chat))/,
    profile: { reasoning: { form: 'none' }, stop: { max: 4 }, roles },
  },
  { name: 'o-series', models: /(?:^|\/)o\d/, profile: reasons(['low', 'medium', 'high']) },
  { name: 'gpt-5-pro', models: /(?:^|\/)gpt-5-pro/, profile: reasons(['high']) },
  { name: 'gpt-5', models: /(?:^|\/)gpt-5(?![.\d])/, profile: reasons(['minimal', 'low', 'medium', 'high']) },
  { name: 'gpt-5.1', models: /(?:^|\/)gpt-5\.1/, profile: reasons(['none', 'low', 'medium', 'high']) },
  {
    name: 'gpt-5.2 and later',
    models: /(?:^|\/)gpt-\d/,
    profile: reasons(['none', 'low', 'medium', 'high', 'xhigh']),
  },
];
