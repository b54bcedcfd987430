import { join } from 'node:path';
import type { AgentKind } from '../agent.ts';

/** OpenAI's agent, by the Responses API. Source: Codex's documentation, "Configuration". */
export const CODEX: AgentKind = {
  name: 'Codex',
  package: '@openai/codex',
  bin: 'codex',
  command({ url, model, key, prompt, home }) {
    const config = [
      `model = "${model}"`,
      'model_provider = "sluice"',
      'check_for_update_on_startup = false',
      '[analytics]',
      'enabled = false',
      '[feedback]',
      'enabled = false',
      '[features]',
      'plugins = false',
      'apps = false',
      '[model_providers.sluice]',
      'name = "Sluice"',
      `base_url = "${url}/v1"`,
      'env_key = "SLUICE_KEY"',
      'wire_api = "responses"',
      'request_max_retries = 0',
      'stream_max_retries = 0',
    ];
    return {
      args: ['exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', prompt],
      env: { CODEX_HOME: home, SLUICE_KEY: key },
      files: { [join(home, 'config.toml')]: `${config.join('\n')}\n` },
    };
  },
};
