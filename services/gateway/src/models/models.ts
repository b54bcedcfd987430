import type { Environment, GatewayConfig, ProviderConfig } from '@sluice/config';
import { compose, type DialectName, matchesAny, type UnreadRequest } from '@sluice/core';
import { DIALECTS, type ListedModel, loadOpenAiTokenizer } from '@sluice/dialects';
import type { Price, PriceBook } from '@sluice/pricing';
import { CATALOG, openProvider, type Provider, type ProviderSettings, providersByKey, simulated } from '@sluice/providers';
import {
  type ConcurrencyLimit,
  deadlines,
  type KnownModels,
  type Model,
  type ModelListRendering,
  type SharedLoads,
  type Target,
  targetsOf,
} from '@sluice/proxies';
import { checkPassThrough, passThroughProvider } from './pass-through.ts';

/** Time until the response of a model that is requested as `provider/model` must begin. */
const DIRECT_TIMEOUT_MS = 120_000;
/** Time until the first content of a stream, if the configuration sets none and there is another target to try. */
const FIRST_CONTENT_MS = 10_000;

function open(name: string, config: ProviderConfig, environment: Environment): Provider {
  if (config.dialect !== 'simulated') return openProvider(name, config as ProviderSettings, environment);
  const { latency, tokensPerSecond } = config as Extract<ProviderConfig, { dialect: 'simulated' }>;
  const options = { latencyMs: latency, ...(tokensPerSecond === undefined ? {} : { tokensPerSecond }) };
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

/** A provider's model, and the names under which clients can request it. */
export interface TargetDescription {
  readonly target: string;
  readonly model: string;
  readonly models: readonly string[];
  /** Whether its price is known. */
  readonly priced: boolean;
}

export interface ProviderDescription {
  readonly name: string;
  /** Its pass-through routes. */
  readonly routes: readonly string[];
  readonly targets: readonly TargetDescription[];
}

/** A provider with an active health check. */
export interface CheckedProvider {
  readonly name: string;
  readonly settings: { readonly every: number; readonly timeout: number; readonly failures: number };
  readonly circuits: readonly string[];
  readonly check: () => Promise<void>;
}

/**
 * Models that clients can request: the models of the configuration, and any model of a configured provider as `provider/model`.
 */
export class Models implements KnownModels, ModelListRendering {
  readonly #providers = new Map<string, Provider>();
  readonly #models = new Map<string, Model>();
  /** `provider/model` of all configured targets. */
  readonly #targets = new Set<string>();
  readonly #startedS = Math.floor(Date.now() / 1_000);

  readonly #config: GatewayConfig;
  readonly #loads: Pick<SharedLoads, 'limit'>;
  readonly #ownPrices: GatewayConfig['prices']['own'];
  readonly #book: PriceBook;

  /** @throws Error that names the invalid field */
  constructor(config: GatewayConfig, environment: Environment, book: PriceBook, loads: Pick<SharedLoads, 'limit'>) {
    this.#config = config;
    this.#loads = loads;
    this.#ownPrices = config.prices.own;
    this.#book = book;
    const providers = { ...config.providers };
    for (const name of providersByKey(environment)) providers[name] ??= {};
    for (const [name, provider] of Object.entries(providers)) this.#providers.set(name, open(name, provider, environment));

    checkPassThrough(this.#providers, config.passThrough);
    const openAi = [...this.#providers.values()].some(({ prices }) => prices === 'openai' || prices === 'azure');
    // before there are calls, because loading blocks the event loop for a moment
    if (openAi) void loadOpenAiTokenizer();

    const models = this.#models;
    for (const [name, model] of Object.entries(config.models)) {
      const hasOthers = model.targets.length + model.fallback.length > 1;
      const targets = model.targets.map((target, n): Target => {
        const provider = this.#providers.get(target.provider);
        if (provider === undefined) {
          throw new Error(`models.${name}.targets[${n}].provider: there is no provider '${target.provider}' under providers`);
        }
        const { timeout: beginMs, firstToken, idleTimeout: idleTimeoutMs, whole: wholeMs } = target;
        const firstContentMs = firstToken ?? (hasOthers ? FIRST_CONTENT_MS : undefined);
        const targetName = `${target.provider}/${target.model}`;
        const priceNow = target.price === undefined ? this.#priceOf(target.provider, provider, target.model) : () => target.price;
        return {
          name: targetName,
          provider: target.provider,
          model: target.model,
          limits: [...this.#limitsOf(target.provider), ...this.#limit(targetName, target)],
          weight: target.weight,
          ...tokenizerOf(provider, target.model),
          realtime: provider.realtime,
          get price() {
            return priceNow();
          },
          contextTokens: target.context ?? this.#contextOf(provider, target.model),
          ...(target.latency === undefined ? {} : { expectedLatencyMs: target.latency }),
          service: compose(
            [deadlines({ beginMs, firstContentMs, wholeMs })],
            provider.service(target.model, { idleTimeoutMs, profile: target.profile }),
          ),
        };
      });
      const { strategy, fallbackOn, hedge: hedgeAfter } = model;
      const fallbacks = fallbacksOf(name, config.models);
      this.#models.set(name, {
        name,
        strategy,
        targets,
        // resolved on access, because some fallbacks are defined later in the configuration
        get fallback() {
          return fallbacks.map((fallback) => models.get(fallback) as Model);
        },
        ...(fallbackOn === undefined ? {} : { fallbackOn }),
        ...(hedgeAfter === undefined ? {} : { hedgeAfter }),
      });
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

  /** Returns the model that serves a request without a model name. */
  other(request: UnreadRequest): Model | undefined {
    const provider = passThroughProvider(this.#providers, this.#config.passThrough, request);
    const opened = provider === undefined ? undefined : this.#providers.get(provider);
    if (provider === undefined || opened === undefined) return undefined;
    const service = compose([deadlines({ beginMs: DIRECT_TIMEOUT_MS })], opened.service(''));
    const limits = this.#limitsOf(provider);
    const target: Target = { name: `${provider}/*`, provider, model: '', weight: 1, limits, service };
    return { name: '', strategy: 'priority', targets: [target] };
  }

  /** Returns the providers that may serve a model, and whether each supports the Responses API natively. */
  responsesProvidersOf(model: string): readonly { readonly name: string; readonly isNative: boolean }[] {
    const found = this.get(model);
    const names = new Set(found === undefined ? [] : targetsOf(found).map(({ provider }) => provider));
    return [...names].map((name) => ({
      name,
      isNative: this.#providers.get(name)?.dialects.includes('openai-responses') === true,
    }));
  }

  /** Returns whether a name is in the configuration. Only such a name may be a metric label. */
  readonly configured = {
    model: (name: string): boolean => this.#models.has(name),
    providerModel: (provider: string, name: string): boolean => this.#targets.has(`${provider}/${name}`),
  };

  /** Returns the providers that have an active health check, each with the circuits of its configured targets. */
  checked(): CheckedProvider[] {
    return [...this.#providers].flatMap(([name, provider]) => {
      const config = this.#config.providers[name];
      const settings = config !== undefined && 'healthCheck' in config ? config.healthCheck : undefined;
      if (settings === undefined) return [];
      const circuits = [...this.#targets].filter((target) => target.startsWith(`${name}/`));
      return [{ name, settings, circuits, check: () => provider.check(settings.path, settings.timeout) }];
    });
  }

  /** Names of all configured targets. */
  get targetNames(): readonly string[] {
    return [...this.#targets];
  }

  /**
   * Returns a circuit's label in metrics. Names that are not configured share one label, because clients can send arbitrary
   * model names.
   */
  labelOf(circuit: string): string {
    return this.#targets.has(circuit) ? circuit : `${circuit.slice(0, circuit.indexOf('/'))}/*`;
  }

  /** Describes the configured targets by provider, for an administrator. */
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

  /** Closes the providers' connections after the calls in flight have finished. */
  async close(): Promise<void> {
    await Promise.all([...this.#providers.values()].map((provider) => provider.close()));
  }

  /** Closes the providers' connections at once. */
  async destroy(): Promise<void> {
    await Promise.all([...this.#providers.values()].map((provider) => provider.destroy()));
  }

  /**
   * Returns `provider/model` as a model with one target. Its name in metrics is the provider's, because clients can send
   * arbitrary model names.
   */
  #direct(name: string): Model | undefined {
    const slash = name.indexOf('/');
    const provider = slash === -1 ? undefined : name.slice(0, slash);
    const opened = provider === undefined ? undefined : this.#providers.get(provider);
    if (provider === undefined || opened === undefined) return undefined;
    const model = name.slice(slash + 1);
    if (model === '') return undefined;
    const service = compose([deadlines({ beginMs: DIRECT_TIMEOUT_MS })], opened.service(model));
    const priceNow = this.#priceOf(provider, opened, model);
    const target: Target = {
      name: `${provider}/*`,
      provider,
      model,
      weight: 1,
      limits: this.#limitsOf(provider),
      ...tokenizerOf(opened, model),
      realtime: opened.realtime,
      get price() {
        return priceNow();
      },
      service,
    };
    return { name, strategy: 'priority', targets: [target] };
  }

  #limitsOf(provider: string): ConcurrencyLimit[] {
    const config = this.#config.providers[provider];
    return config === undefined ? [] : this.#limit(provider, config);
  }

  #limit(name: string, { maxConcurrency, maxQueue = 100, queueTimeout = 5_000 }: Concurrency): ConcurrencyLimit[] {
    if (maxConcurrency === undefined) return [];
    return [this.#loads.limit(name, { limit: maxConcurrency, maxWaiting: maxQueue, waitMs: queueTimeout })];
  }

  /** Returns a function that returns the current price: the configured price, else the public table's. */
  #priceOf(name: string, { prices }: Provider, model: string): () => Price | undefined {
    const own = this.#ownPrices[`${name}/${model}`];
    if (own !== undefined) return () => own;
    return prices === undefined ? () => undefined : () => this.#book.priceOf(prices, model, Date.now());
  }

  #contextOf({ prices }: Provider, model: string): number | undefined {
    return prices === undefined ? undefined : this.#book.contextOf(prices, model, Date.now());
  }

  #listed(model: Model): ListedModel {
    const owners = new Set(model.targets.map((target) => target.provider));
    const [first] = owners;
    const created = this.#startedS;
    return { id: model.name, ownedBy: owners.size === 1 ? (first as string) : 'sluice', created };
  }
}

type Concurrency = Pick<ProviderConfig, 'maxConcurrency' | 'maxQueue' | 'queueTimeout'>;

/**
 * Returns a model's fallbacks and their fallbacks, each once, in the order in which they are tried.
 *
 * @throws Error that names the invalid field
 */
function fallbacksOf(name: string, models: GatewayConfig['models']): string[] {
  const found = new Set<string>();
  const follow = (of: string, path: readonly string[]): void => {
    models[of]?.fallback.forEach((fallback, n) => {
      const field = `models.${of}.fallback[${n}]`;
      if (models[fallback] === undefined) throw new Error(`${field}: there is no model '${fallback}' under models`);
      if (path.includes(fallback)) throw new Error(`${field}: '${[...path, fallback].join(' → ')}' is a loop`);
      found.add(fallback);
      follow(fallback, [...path, fallback]);
    });
  };
  follow(name, [name]);
  return [...found];
}

/** Returns the tokenizer for OpenAI's models, at OpenAI or at Azure (Azure also hosts other models). */
function tokenizerOf({ prices }: Provider, model: string): { tokenizer?: 'openai' } {
  const isOpenAi = prices === 'openai' || (prices === 'azure' && /gpt|^o\d/i.test(model));
  return isOpenAi ? { tokenizer: 'openai' } : {};
}

/**
 * Returns whether a provider has its own `baseUrl`. Models that the catalog adds by default are offered only for the vendor's
 * own server.
 */
const isElsewhere = (config: ProviderConfig): boolean => 'baseUrl' in config && config.baseUrl !== undefined;
