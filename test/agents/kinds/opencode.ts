import { join } from 'node:path';
import { type AgentKind, SENDS_MAX_TOKENS } from '../agent.ts';

/** OpenCode with a provider of Vercel's AI SDK that it includes. Source: OpenCode's documentation, "Config" and "Providers". */
const openCode = (provider: string, path: string): AgentKind => ({
  name: `OpenCode (${provider})`,
  package: 'opencode-ai',
  bin: 'opencode',
  unable: provider === '@ai-sdk/openai-compatible' ? SENDS_MAX_TOKENS : {},
  command({ url, key, model, prompt, home, folder }) {
    const config = {
      $schema: 'https://opencode.ai/config.json',
      autoupdate: false,
      share: 'disabled',
      permission: 'allow',
      model: `sluice/${model}`,
      small_model: `sluice/${model}`,
      enabled_providers: ['sluice'],
      provider: {
        sluice: {
          npm: provider,
          name: 'Sluice',
          options: { baseURL: `${url}${path}`, apiKey: key },
          models: {
            [model]: {
              name: model,
              tool_call: true,
              reasoning: !model.includes('gpt-4o'),
              limit: { context: 200_000, output: 16_000 },
            },
          },
        },
      },
    };
    return {
      args: ['run', '--model', `sluice/${model}`, prompt],
      env: {
        HOME: home,
        XDG_CONFIG_HOME: join(home, 'config'),
        XDG_DATA_HOME: join(home, 'data'),
        XDG_CACHE_HOME: join(home, 'cache'),
        XDG_STATE_HOME: join(home, 'state'),
        OPENCODE_DISABLE_AUTOUPDATE: '1',
        OPENCODE_DISABLE_MODELS_FETCH: '1',
        OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
        OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
        OPENCODE_PURE: '1',
        // OpenCode installs a package for plugins into its folder, and continues if the installation fails
        npm_config_registry: 'http://127.0.0.1:9/',
        npm_config_fetch_retries: '0',
      },
      files: { [join(folder, 'opencode.json')]: JSON.stringify(config) },
    };
  },
});

export const OPENCODE: readonly AgentKind[] = [
  openCode('@ai-sdk/openai-compatible', '/v1'),
  openCode('@ai-sdk/anthropic', '/v1'),
  openCode('@ai-sdk/openai', '/v1'),
];
