import type { ProfileRow } from './model-profile.ts';

/**
 * Qwen at Alibaba Cloud. Source: Model Studio's documentation, "Deep thinking" (`enable_thinking`, `thinking_budget`) and "Context cache"; «The tool_choice
 * parameter does not support being set to required or object in thinking mode».
 */
export const QWEN: readonly ProfileRow[] = [
  {
    name: 'qwen at alibaba',
    providers: ['alibaba'],
    models: /qwen|qwq|qvq/i,
    profile: { reasoning: { form: 'switch', withForcedTool: false }, roles: { system: 'first' }, cacheMarks: true },
  },
  // «System message must be at the beginning», wherever Qwen's own template is used
  { name: 'qwen', models: /qwen|qwq|qvq/i, profile: { roles: { system: 'first' } } },
];
