import type { ProfileRow } from './model-profile.ts';

const reasoning = { form: 'switch', withForcedTool: false } as const;
const roles = { system: 'first' } as const;

/**
 * Qwen at Alibaba Cloud. Source: Model Studio's documentation, "Deep thinking" (`enable_thinking`, `thinking_budget`) and "Context cache"; «The tool_choice
 * parameter does not support being set to required or object in thinking mode»; «parameter.enable_thinking must be set to false for non-streaming calls» of the
 * open models.
 */
export const QWEN: readonly ProfileRow[] = [
  {
    name: 'open qwen at alibaba',
    providers: ['alibaba'],
    models: /^qwen3-[\d.]+b(?:-a\d+b)?$/i,
    profile: { reasoning: { ...reasoning, wholeAnswers: false }, roles, cacheMarks: true },
  },
  {
    name: 'qwen at alibaba',
    providers: ['alibaba'],
    models: /qwen|qwq|qvq/i,
    profile: { reasoning, roles, cacheMarks: true },
  },
  // «System message must be at the beginning», for servers with Qwen's own template
  { name: 'qwen', models: /qwen|qwq|qvq/i, profile: { roles: { system: 'first' } } },
];
