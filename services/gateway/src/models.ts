import type { Environment, GatewayConfig, ProviderConfig } from '@sluice/config';
import { compose, type DialectName, matchesAny, type UnreadRequest } from '@sluice/core';
import { DIALECTS, type ListedModel, loadOpenAiTokenizer } from '@sluice/dialects';
import type { Price, PriceBook } from '@sluice/pricing';
import {
  CATALOG,
  type OtherRoute,
  openProvider,
  type Provider,
  type ProviderSettings,
  providersByKey,
  simulated,
} from '@sluice/providers';
import { type KnownModels, type Model, type ModelListRendering, type Target, timeout } from '@sluice/proxies';

/** How long a model that is asked for as `provider/model` may take to begin its answer. */
const DIRECT_TIMEOUT_MS = 120_000;

function open(name: string, config: ProviderConfig, environment: Environment): Provider {
  if (config.dialect !== 'simulated') return openProvider(name, config as ProviderSettings, environment);
  const { latency, tokensPerSecond } = config as Extract<ProviderConfig, { dialect: 'simulated' }>;
  const options = { latencyMs: latency, ...(tokensPerSecond === undefined ? {} : { tokensPerSecond }) };
  return {
    service: (model) => simulated(model, options),
    routes: [],
    prices: undefined,
    close: async () => {},
    destroy: async () => {},
  };
}

/** One provider's model, and the names by which callers get it. */
export interface TargetDescription {
  readonly target: string;
  readonly model: string;
  readonly models: readonly string[];
  /** Whether its price is known. */
  readonly priced: boolean;
}

export interface ProviderDescription {
  readonly name: string;
  /** Its further routes. */
  readonly routes: readonly string[];
  readonly targets: readonly TargetDescription[];
}

/** What clients can ask for: the models of the configuration, and any model of a configured provider as `provider/model`. */
export class Models implements KnownModels, ModelListRendering {
  readonly #providers = new Map<string, Provider>();
  readonly #models = new Map<string, Model>();
  /** `provider/model` of all that are configured. */
  readonly #targets = new Set<string>();
  readonly #startedS = Math.floor(Date.now() / 1_000);

  readonly #ownPrices: GatewayConfig['prices']['own'];
  readonly #book: PriceBook;

  /** @throws Error that names the field which is wrong */
  constructor(config: GatewayConfig, environment: Environment, book: PriceBook) {
    this.#ownPrices = config.prices.own;
    this.#book = book;
    const providers = { ...config.providers };
    for (const name of providersByKey(environment)) providers[name] ??= {};
    for (const [name, provider] of Object.entries(providers)) this.#providers.set(name, open(name, provider, environment));

    const openAi = [...this.#providers.values()].some(({ prices }) => prices === 'openai' || prices === 'azure');
    // before there are calls: it takes a moment in which nothing else is done
    if (openAi) void loadOpenAiTokenizer();

    for (const [name, model] of Object.entries(config.models)) {
      const targets = model.targets.map((target, n): Target => {
        const provider = this.#providers.get(target.provider);
        if (provider === undefined) {
          throw new Error(`models.${name}.targets[${n}].provider: there is no provider '${target.provider}' under providers`);
        }
        const priceNow = target.price === undefined ? this.#priceOf(target.provider, provider, target.model) : () => target.price;
        return {
          name: `${target.provider}/${target.model}`,
          provider: target.provider,
          model: target.model,
          weight: target.weight,
          ...tokenizerOf(provider, target.model),
          get price() {
            return priceNow();
          },
          ...(target.latency === undefined ? {} : { expectedLatencyMs: target.latency }),
          service: compose([timeout(target.timeout)], provider.service(target.model)),
        };
      });
      this.#models.set(name, { name, strategy: model.strategy, targets });
      for (const target of targets) this.#targets.add(target.name);
    }
    for (const [provider, { models = [] }] of Object.entries(CATALOG)) {
      const configured = providers[provider];
      if (configured === undefined || configured.dialect === 'simulated' || isElsewhere(configured)) continue;
      for (const model of models) {
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

  /** Who answers a request that names no model: the provider that the caller names, or the first that has the route. */
  other({ route, provider: wanted }: UnreadRequest): Model | undefined {
    const found = [...this.#providers].find(
      ([name, { routes }]) => (wanted === undefined || wanted === name) && routes.includes(route as OtherRoute),
    );
    if (found === undefined) return undefined;
    const [provider, opened] = found;
    const service = compose([timeout(DIRECT_TIMEOUT_MS)], opened.service(''));
    return { name: '', strategy: 'priority', targets: [{ name: `${provider}/*`, provider, model: '', weight: 1, service }] };
  }

  /** Whether a name stands in the configuration: only then may it be a label. */
  readonly configured = {
    model: (name: string): boolean => this.#models.has(name),
    providerModel: (provider: string, name: string): boolean => this.#targets.has(`${provider}/${name}`),
  };

  /** What there is, by provider: for an administrator. */
  describe(): ProviderDescription[] {
    return [...this.#providers].map(([name, { routes }]) => {
      const targets = new Map<string, TargetDescription>();
      for (const model of this.#models.values()) {
        for (const { name: target, provider, model: providerModel, price } of model.targets) {
          if (provider !== name) continue;
          const known = targets.get(`${target} ${providerModel}`);
          const models = [...(known?.models ?? []), model.name];
          targets.set(`${target} ${providerModel}`, { target, model: providerModel, models, priced: price !== undefined });
        }
      }
      return { name, routes, targets: [...targets.values()] };
    });
  }

  list(dialect: DialectName, allowed: readonly string[] | undefined): string {
    const models = [...this.#models.values()].filter((model) => allowed === undefined || matchesAny(allowed, model.name));
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

  /** `provider/model`: one target. Its name in figures is the provider's, because clients can make up models. */
  #direct(name: string): Model | undefined {
    const slash = name.indexOf('/');
    const provider = slash === -1 ? undefined : name.slice(0, slash);
    const opened = provider === undefined ? undefined : this.#providers.get(provider);
    if (provider === undefined || opened === undefined) return undefined;
    const model = name.slice(slash + 1);
    if (model === '') return undefined;
    const service = compose([timeout(DIRECT_TIMEOUT_MS)], opened.service(model));
    const priceNow = this.#priceOf(provider, opened, model);
    const target: Target = {
      name: `${provider}/*`,
      provider,
      model,
      weight: 1,
      ...tokenizerOf(opened, model),
      get price() {
        return priceNow();
      },
      service,
    };
    return { name, strategy: 'priority', targets: [target] };
  }

  /** One's own, or the public table's as it is at the time. */
  #priceOf(name: string, { prices }: Provider, model: string): () => Price | undefined {
    const own = this.#ownPrices[`${name}/${model}`];
    if (own !== undefined) return () => own;
    return prices === undefined ? () => undefined : () => this.#book.priceOf(prices, model, Date.now());
  }

  #listed(model: Model): ListedModel {
    const owners = new Set(model.targets.map((target) => target.provider));
    const [first] = owners;
    const created = this.#startedS;
    return { id: model.name, ownedBy: owners.size === 1 ? (first as string) : 'sluice', created };
  }
}

/** OpenAI's models, at OpenAI or at Azure, where others are too. */
function tokenizerOf({ prices }: Provider, model: string): { tokenizer?: 'openai' } {
  const isOpenAi = prices === 'openai' || (prices === 'azure' && /gpt|^o\d/i.test(model));
  return isOpenAi ? { tokenizer: 'openai' } : {};
}

/** What is offered unasked is offered of the provider itself, not of another server in its place. */
const isElsewhere = (config: ProviderConfig): boolean => 'baseUrl' in config && config.baseUrl !== undefined;
