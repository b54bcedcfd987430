import type { AgentKind } from './agent.ts';
import { CLAUDE_CODE } from './kinds/claude-code.ts';
import { CODEX } from './kinds/codex.ts';
import { GEMINI_CLI } from './kinds/gemini-cli.ts';
import { OPENCODE } from './kinds/opencode.ts';
import { QWEN_CODE } from './kinds/qwen-code.ts';

export const AGENTS: readonly AgentKind[] = [CLAUDE_CODE, CODEX, GEMINI_CLI, ...OPENCODE, QWEN_CODE];
