import type { AgentKind } from '../agent.ts';

/** Anthropic's agent. Source: Claude Code's documentation, "LLM gateway configuration" and "Environment variables". */
export const CLAUDE_CODE: AgentKind = {
  name: 'Claude Code',
  package: '@anthropic-ai/claude-code',
  bin: 'claude',
  command: ({ url, key, model, prompt, home }) => ({
    // root may not bypass permissions
    args: ['-p', prompt, '--permission-mode', 'acceptEdits', '--max-turns', '8'],
    env: {
      CLAUDE_CONFIG_DIR: home,
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_AUTH_TOKEN: key,
      ANTHROPIC_MODEL: model,
      ANTHROPIC_SMALL_FAST_MODEL: model,
      ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_TELEMETRY: '1',
      DISABLE_ERROR_REPORTING: '1',
      DISABLE_AUTOUPDATER: '1',
    },
  }),
};
