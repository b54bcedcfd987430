import type { Environment, GatewayConfig } from '@sluice/config';
import { type CacheTerms, type DialectName, defined, type PassthroughRequest } from '@sluice/core';
import type { PriceBook } from '@sluice/pricing';
import { CATALOG } from '@sluice/providers';
import { type KnownModels, type Model, type ModelListRendering, type SharedLoads, targetsOf } from '@sluice/proxies';
import { LRUCache } from 'lru-cache';
import { checkSemantic } from './check-semantic.ts';
import { type CheckedProvider, checkedProviders, describeProviders, type ProviderDescription } from './describe-providers.ts';
import { fallbackNames } from './fallbacks.ts';
import { ModelListing } from './model-listing.ts';
import { passThroughProvider } from './pass-through.ts';
import { Providers } from './providers.ts';
import { TargetBuilder } from './target-builder.ts';

/** Models that are kept after a request as `provider/model`; clients can send arbitrary names. */
const MAX_DIRECT = 1_000;

/**
 * Models that clients can request: the models of the configuration, and any model of a configured provider as `provider/model`.
 */
export class Models implements KnownModels, ModelListRendering {
  readonly #config: GatewayConfig;
  readonly #providers: Providers;
  readonly #builder: TargetBuilder;
  readonly #models = new Map<string, Model>();
  /** The fallbacks of each configured model. */
  readonly #fallbacks = new Map<string, Model[]>();
  /** Models that are requested as `provider/model`. */
  readonly #direct = new LRUCache<string, Model>({ max: MAX_DIRECT });
  /** `provider/model` of all configured targets. */
  readonly #targets = new Set<string>();
  readonly #listing = new ModelListing({ get: (name) => this.get(name), all: this.#values() });

  /** @throws Error that names the invalid field */
  constructor(config: GatewayConfig, environment: Environment, book: PriceBook, loads: Pick<SharedLoads, 'limit'>) {
    this.#config = config;
    this.#providers = new Providers(config, environment);
    this.#builder = new TargetBuilder({ providers: this.#providers, loads, ownPrices: config.prices.own, book });
    for (const name of Object.keys(config.models)) this.#addConfigured(name);
    for (const [provider, { models = [] }] of Object.entries(CATALOG)) this.#addUsual(provider, models);
    // a fallback may be defined after the model that falls back to it
    for (const [name, fallback] of this.#fallbacks) {
      fallback.push(...fallbackNames(name, config.models).flatMap((other) => this.#models.get(other) ?? []));
    }
    checkSemantic(config, (name) => this.has(name));
  }

  get(name: string): Model | undefined {
    return this.#models.get(name) ?? this.#directModel(name);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Returns the model that serves a request without a model name. */
  other(request: PassthroughRequest): Model | undefined {
    const name = passThroughProvider(this.#providers.all, this.#config.passThrough, request);
    const provider = name === undefined ? undefined : this.#providers.get(name);
    return name === undefined || provider === undefined ? undefined : this.#builder.withoutModel(name, provider);
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
    return checkedProviders(this.#providers, this.#targets);
  }

  /** Returns what the configuration of a model says about the cache. */
  cacheTerms(model: string): CacheTerms | undefined {
    return this.#config.models[model]?.cache;
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
    return describeProviders(this.#providers, this.#models.values());
  }

  list(dialect: DialectName, allowed: readonly string[] | undefined): string {
    return this.#listing.list(dialect, allowed);
  }

  one(dialect: DialectName, name: string): string {
    return this.#listing.one(dialect, name);
  }

  /** Closes the providers' connections after the calls in flight have finished. */
  async close(): Promise<void> {
    await this.#providers.close();
  }

  /** Closes the providers' connections at once. */
  async destroy(): Promise<void> {
    await this.#providers.destroy();
  }

  #values(): Iterable<Model> {
    return { [Symbol.iterator]: () => this.#models.values() };
  }

  #addConfigured(name: string): void {
    const { models } = this.#config;
    const config = models[name] as (typeof models)[string];
    const hasOthers = config.targets.length + config.fallback.length > 1;
    const targets = config.targets.map((target, n) => {
      const provider = this.#providers.get(target.provider);
      if (provider === undefined) {
        throw new Error(`models.${name}.targets[${n}].provider: there is no provider '${target.provider}' under providers`);
      }
      return this.#builder.configured(target, provider, hasOthers);
    });
    const { strategy, fallbackOn, hedge: hedgeAfter } = config;
    const fallback: Model[] = [];
    this.#fallbacks.set(name, fallback);
    this.#models.set(name, { name, strategy, targets, fallback, ...defined({ fallbackOn, hedgeAfter }) });
    for (const target of targets) this.#targets.add(target.name);
  }

  /** Several layers ask for the model of a call. */
  #directModel(name: string): Model | undefined {
    let model = this.#direct.get(name);
    if (model === undefined) {
      model = this.#builder.direct(name);
      if (model !== undefined) this.#direct.set(name, model);
    }
    return model;
  }

  /** Adds the usual models of a provider under their own names. */
  #addUsual(provider: string, models: readonly string[]): void {
    const config = this.#providers.config(provider);
    const isElsewhere = config !== undefined && 'baseUrl' in config && config.baseUrl !== undefined;
    if (config === undefined || config.dialect === 'simulated' || isElsewhere) return;
    for (const model of models) {
      const direct = this.#builder.direct(`${provider}/${model}`);
      if (direct === undefined || this.#models.has(model)) continue;
      this.#models.set(model, { ...direct, name: model });
      this.#targets.add(`${provider}/${model}`);
    }
  }
}
