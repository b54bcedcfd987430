import { join } from 'node:path';
import type { AgentKind } from '../agent.ts';

/** Google's agent. Source: Gemini CLI's documentation, "Configuration". */
export const GEMINI_CLI: AgentKind = {
  name: 'Gemini CLI',
  package: '@google/gemini-cli',
  bin: 'gemini',
  command({ url, key, model, prompt, home }) {
    const settings = {
      privacy: { usageStatisticsEnabled: false },
      telemetry: { enabled: false },
      general: { disableAutoUpdate: true, disableUpdateNag: true, enableAutoUpdate: false },
      security: { auth: { selectedType: 'gemini-api-key' } },
    };
    return {
      args: ['-m', model, '--yolo', '--skip-trust', '-p', prompt],
      env: {
        HOME: home,
        GEMINI_CLI_HOME: home,
        GEMINI_API_KEY: key,
        GOOGLE_GEMINI_BASE_URL: url,
        GEMINI_CLI_TRUST_WORKSPACE: 'true',
      },
      files: { [join(home, '.gemini/settings.json')]: JSON.stringify(settings) },
    };
  },
};
