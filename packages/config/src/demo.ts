import type { ConfigFile } from './schema/schema.ts';

/**
 * The demonstration: three simulated providers. Each costs per character of the prompt (a simulated model counts one token per
 * character), and has a fixed latency. Streams arrive word by word, at a visible speed.
 */
export const demoConfig: ConfigFile = {
  providers: {
    openai: { dialect: 'simulated', latency: '500ms', tokensPerSecond: 20 },
    anthropic: { dialect: 'simulated', latency: '300ms', tokensPerSecond: 20 },
    google: { dialect: 'simulated', latency: '400ms', tokensPerSecond: 20 },
  },
  models: {
    demo: {
      strategy: 'balanced',
      targets: [
        { provider: 'openai', model: 'gpt-4o-mini', price: { input: 1_000, output: 0 }, latency: '500ms' },
        { provider: 'anthropic', model: 'claude-haiku-4-5', price: { input: 800, output: 0 }, latency: '300ms' },
        { provider: 'google', model: 'gemini-2.5-flash', price: { input: 600, output: 0 }, latency: '400ms' },
      ],
    },
  },
  keys: [
    { name: 'demo', secret: 'sk-sluice-demo', tenant: 'demo' },
    { name: 'user123', secret: 'user123', tenant: 'user123', limits: { requests: '5/min' } },
    { name: 'team456', secret: 'team456', tenant: 'team456', limits: { requests: '5/min' } },
    { name: 'admin789', secret: 'admin789', tenant: 'admin789', limits: { requests: '5/min' } },
  ],
  cache: { exact: { ttl: '1h' } },
};

export const DEMO_ADMIN_KEY = 'sk-sluice-admin-demo';

/**
 * Secrets that the documentation and docker-compose.yml publish, in this version or an earlier one. They are valid only for a
 * demonstration that no other machine can reach.
 */
export const PUBLISHED_SECRETS: ReadonlySet<string> = new Set([
  DEMO_ADMIN_KEY,
  'sluice-redis-of-the-demo',
  'sluice-inside',
  ...['sk-sluice-demo', 'user123', 'team456', 'admin789', 'demo'],
]);
