import { join } from 'node:path';
import { type AgentKind, SENDS_MAX_TOKENS } from '../agent.ts';

/** Alibaba's agent, by chat completions. Source: Qwen Code's documentation, "Settings". */
export const QWEN_CODE: AgentKind = {
  name: 'Qwen Code',
  package: '@qwen-code/qwen-code',
  bin: 'qwen',
  unable: SENDS_MAX_TOKENS,
  command({ url, key, model, prompt, home }) {
    const settings = {
      privacy: { usageStatisticsEnabled: false },
      telemetry: { enabled: false },
      general: { disableAutoUpdate: true, enableAutoUpdate: false },
      security: { auth: { selectedType: 'openai' } },
    };
    return {
      args: ['--yolo', '--auth-type', 'openai', '-m', model, '-p', prompt],
      env: { HOME: home, OPENAI_API_KEY: key, OPENAI_BASE_URL: `${url}/v1`, OPENAI_MODEL: model },
      files: { [join(home, '.qwen/settings.json')]: JSON.stringify(settings) },
    };
  },
};
