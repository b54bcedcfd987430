import type { ProfileRow } from './model-profile.ts';

/** Qwen at Alibaba Cloud. Source: Model Studio's documentation, "Deep thinking" (`enable_thinking`, `thinking_budget`) and "Context cache". */
export const QWEN: readonly ProfileRow[] = [
  {
    name: 'qwen at alibaba',
    providers: ['alibaba'],
    models: /qwen|qwq|qvq/i,
    profile: { reasoning: { form: 'switch' }, roles: { system: 'first' }, cacheMarks: true },
  },
  // «System message must be at the beginning», wherever Qwen's own template is used
  { name: 'qwen', models: /qwen|qwq|qvq/i, profile: { roles: { system: 'first' } } },
];
