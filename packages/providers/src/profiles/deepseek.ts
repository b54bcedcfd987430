import type { ProfileRow } from './model-profile.ts';

/**
 * DeepSeek's models. Source: DeepSeek's documentation, "Thinking mode": «Missing reasoning_content field in the assistant
 * message at message index 2» for calls, «Thinking mode does not support this tool_choice», "JSON output": no schemas; and «The
 * last message of deepseek-reasoner must be a user message, or an assistant message with prefix mode on».
 */
export const DEEPSEEK: readonly ProfileRow[] = [
  {
    name: 'deepseek',
    providers: ['deepseek'],
    profile: {
      reasoning: { form: 'thinking', withForcedTool: false, returned: 'with_calls' },
      schemas: { answers: 'json' },
      roles: { assistantLast: false },
    },
  },
  { name: 'deepseek elsewhere', models: /deepseek/i, profile: { reasoning: { returned: 'with_calls' } } },
];
