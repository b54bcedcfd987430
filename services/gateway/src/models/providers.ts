import type { Environment, GatewayConfig, ProviderConfig } from '@sluice/config';
import { defined } from '@sluice/core';
import { loadOpenAiTokenizer } from '@sluice/dialects';
import { openProvider, type Provider, type ProviderSettings, providersByKey, simulated } from '@sluice/providers';
import { checkPassThrough } from './pass-through.ts';

/** The providers of a configuration: those that it names, and those whose key is in the environment. */
export class Providers {
  readonly #providers = new Map<string, Provider>();
  readonly #configs: GatewayConfig['providers'];

  /** @throws Error that names the invalid field */
  constructor({ providers, passThrough }: GatewayConfig, environment: Environment) {
    const configs = { ...providers };
    for (const name of providersByKey(environment)) configs[name] ??= {};
    this.#configs = configs;
    for (const [name, config] of Object.entries(configs)) this.#providers.set(name, open(name, config, environment));
    checkPassThrough(this.#providers, passThrough);
    const openAi = [...this.#providers.values()].some(({ prices }) => prices === 'openai' || prices === 'azure');
    // before there are calls, because loading blocks the event loop for a moment
    if (openAi) void loadOpenAiTokenizer();
  }

  get all(): ReadonlyMap<string, Provider> {
    return this.#providers;
  }

  get(name: string): Provider | undefined {
    return this.#providers.get(name);
  }

  config(name: string): ProviderConfig | undefined {
    return this.#configs[name];
  }

  /** Closes connections after the calls in flight have finished. */
  async close(): Promise<void> {
    await Promise.all([...this.#providers.values()].map((provider) => provider.close()));
  }

  /** Closes connections at once. */
  async destroy(): Promise<void> {
    await Promise.all([...this.#providers.values()].map((provider) => provider.destroy()));
  }
}

function open(name: string, config: ProviderConfig, environment: Environment): Provider {
  if (config.dialect !== 'simulated') return openProvider(name, config as ProviderSettings, environment);
  const { latency, tokensPerSecond } = config as Extract<ProviderConfig, { dialect: 'simulated' }>;
  const options = { latencyMs: latency, ...defined({ tokensPerSecond }) };
  return {
    service: (model) => simulated(model, options),
    check: async () => {},
    routes: [],
    realtime: undefined,
    dialects: [],
    type: undefined,
    prices: undefined,
    close: async () => {},
    destroy: async () => {},
  };
}
