import type { Effort } from '@sluice/dialects';
import type { ProfileOverride, ProfileRow } from './model-profile.ts';

/** Models that reason: «presencePenalty, frequencyPenalty and stop parameters are not supported by reasoning models». */
const reasons = (reasoning: ProfileOverride['reasoning']): ProfileOverride => ({
  reasoning,
  sampling: { penalties: false, topK: false },
  stop: { accepts: 'none' },
});
const efforts = (...accepted: Effort[]): ProfileOverride['reasoning'] => ({ form: 'effort', efforts: accepted });

/**
 * xAI's models, at xAI and other providers. Sources: xAI's documentation, "Reasoning" («Model … does not support parameter
 * reasoningEffort» for Grok 4 up to 4.20; `none` to `high` from 4.3; 4.5 always reasons).
 */
export const GROK: readonly ProfileRow[] = [
  {
    name: 'grok without reasoning',
    models: /grok-(?:2|3(?!-mini)|beta|.*non-reasoning)/,
    profile: { reasoning: { form: 'none' } },
  },
  { name: 'grok-3-mini', models: /grok-3-mini/, profile: reasons(efforts('low', 'high')) },
  {
    name: 'grok-4',
    models: /grok-(?:code|4(?![-.][3-9]))/,
    profile: reasons({ form: 'none' }),
  },
  { name: 'grok-4.3', models: /grok-4[-.]3/, profile: reasons(efforts('none', 'low', 'medium', 'high')) },
  { name: 'grok-4.5 and later', models: /grok/, profile: reasons(efforts('low', 'medium', 'high')) },
];
