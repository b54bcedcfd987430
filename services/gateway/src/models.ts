import type { Environment, GatewayConfig, ProviderConfig } from '@sluice/config';
import { compose, type DialectName, type LlmService } from '@sluice/core';
import { DIALECTS, type ListedModel } from '@sluice/dialects';
import { KNOWN_PROVIDERS, simulated, Upstream } from '@sluice/providers';
import { type KnownModels, type Model, type ModelListRendering, type Target, timeout } from '@sluice/proxies';

/** How long a model that is asked for as `provider/model` may take to begin its answer. */
const DIRECT_TIMEOUT_MS = 120_000;

interface Provider {
  service(model: string): LlmService;
  close(): Promise<void>;
  destroy(): Promise<void>;
}

function openProvider(name: string, config: ProviderConfig, environment: Environment): Provider {
  if (config.dialect === 'simulated') {
    const { latency, tokensPerSecond } = config;
    const options = { latencyMs: latency, ...(tokensPerSecond === undefined ? {} : { tokensPerSecond }) };
    return { service: (model) => simulated(model, options), close: async () => {}, destroy: async () => {} };
  }
  const known = KNOWN_PROVIDERS[name];
  const baseUrl = config.baseUrl ?? known?.baseUrl;
  if (baseUrl === undefined) throw new Error(`providers.${name}.baseUrl: expected, because no provider is known by this name`);
  const apiKey = config.apiKey ?? (known === undefined ? undefined : environment[known.keyVariable]);
  const dialect = config.dialect ?? (config.baseUrl === undefined ? known?.dialect : undefined) ?? 'openai-chat';
  const upstream = new Upstream({
    provider: name,
    dialect,
    baseUrl,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(config.connectTimeout === undefined ? {} : { connectTimeoutMs: config.connectTimeout }),
    ...(config.idleTimeout === undefined ? {} : { idleTimeoutMs: config.idleTimeout }),
  });
  return { service: (model) => upstream.model(model), close: () => upstream.close(), destroy: () => upstream.destroy() };
}

/** What clients can ask for: the models of the configuration, and any model of a configured provider as `provider/model`. */
export class Models implements KnownModels, ModelListRendering {
  readonly #providers = new Map<string, Provider>();
  readonly #models = new Map<string, Model>();
  /** `provider/model` of all that are configured. */
  readonly #targets = new Set<string>();
  readonly #startedS = Math.floor(Date.now() / 1_000);

  /** @throws Error that names the field which is wrong */
  constructor(config: GatewayConfig, environment: Environment) {
    const providers = { ...config.providers };
    for (const [name, known] of Object.entries(KNOWN_PROVIDERS)) {
      if (environment[known.keyVariable] !== undefined) providers[name] ??= {};
    }
    for (const [name, provider] of Object.entries(providers))
      this.#providers.set(name, openProvider(name, provider, environment));

    for (const [name, model] of Object.entries(config.models)) {
      const targets = model.targets.map((target, n): Target => {
        const provider = this.#providers.get(target.provider);
        if (provider === undefined) {
          throw new Error(`models.${name}.targets[${n}].provider: there is no provider '${target.provider}' under providers`);
        }
        return {
          name: `${target.provider}/${target.model}`,
          provider: target.provider,
          model: target.model,
          weight: target.weight,
          ...(target.price === undefined ? {} : { price: target.price }),
          ...(target.latency === undefined ? {} : { expectedLatencyMs: target.latency }),
          service: compose([timeout(target.timeout)], provider.service(target.model)),
        };
      });
      this.#models.set(name, { name, strategy: model.strategy, targets });
      for (const target of targets) this.#targets.add(target.name);
    }
    for (const [provider, known] of Object.entries(KNOWN_PROVIDERS)) {
      const configured = providers[provider];
      if (configured === undefined || configured.dialect === 'simulated' || configured.baseUrl !== undefined) continue;
      for (const model of known.models) {
        const direct = this.#direct(`${provider}/${model}`);
        if (direct === undefined || this.#models.has(model)) continue;
        this.#models.set(model, { ...direct, name: model });
        this.#targets.add(`${provider}/${model}`);
      }
    }
  }

  get(name: string): Model | undefined {
    return this.#models.get(name) ?? this.#direct(name);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Whether a name stands in the configuration: only then may it be a label. */
  readonly configured = {
    model: (name: string): boolean => this.#models.has(name),
    providerModel: (provider: string, name: string): boolean => this.#targets.has(`${provider}/${name}`),
  };

  list(dialect: DialectName, allowed: readonly string[] | undefined): string {
    const models = [...this.#models.values()].filter((model) => allowed === undefined || allowed.includes(model.name));
    return DIALECTS[dialect].renderModelList(models.map((model) => this.#listed(model)));
  }

  one(dialect: DialectName, name: string): string {
    return DIALECTS[dialect].renderModel(this.#listed(this.get(name) as Model));
  }

  /** Closes the providers' connections when the calls under way have finished. */
  async close(): Promise<void> {
    await Promise.all([...this.#providers.values()].map((provider) => provider.close()));
  }

  /** Closes them at once. */
  async destroy(): Promise<void> {
    await Promise.all([...this.#providers.values()].map((provider) => provider.destroy()));
  }

  /** `provider/model`: one target, without a price. Its name in figures is the provider's, because clients can make up models. */
  #direct(name: string): Model | undefined {
    const slash = name.indexOf('/');
    const provider = slash === -1 ? undefined : name.slice(0, slash);
    const opened = provider === undefined ? undefined : this.#providers.get(provider);
    if (provider === undefined || opened === undefined) return undefined;
    const model = name.slice(slash + 1);
    if (model === '') return undefined;
    const service = compose([timeout(DIRECT_TIMEOUT_MS)], opened.service(model));
    return { name, strategy: 'priority', targets: [{ name: `${provider}/*`, provider, model, weight: 1, service }] };
  }

  #listed(model: Model): ListedModel {
    const owners = new Set(model.targets.map((target) => target.provider));
    const [first] = owners;
    const created = this.#startedS;
    return { id: model.name, ownedBy: owners.size === 1 ? (first as string) : 'sluice', created };
  }
}
