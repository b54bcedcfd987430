import type { GatewayConfig, ProviderConfig } from '@sluice/config';
import { compose, defined } from '@sluice/core';
import type { Price, PriceBook } from '@sluice/pricing';
import type { Provider } from '@sluice/providers';
import { type ConcurrencyLimit, deadlines, type Model, type SharedLoads, type Target } from '@sluice/proxies';
import type { Providers } from './providers.ts';

/** Time until the response of a model that is requested as `provider/model` must begin. */
const DIRECT_TIMEOUT_MS = 120_000;
/** Time until the first content of a stream, if the configuration sets none and there is another target to try. */
const FIRST_CONTENT_MS = 10_000;

type TargetConfig = GatewayConfig['models'][string]['targets'][number];
type Concurrency = Pick<ProviderConfig, 'maxConcurrency' | 'maxQueue' | 'queueTimeout'>;

export interface TargetBuilderOptions {
  readonly providers: Providers;
  readonly loads: Pick<SharedLoads, 'limit'>;
  readonly ownPrices: GatewayConfig['prices']['own'];
  readonly book: PriceBook;
}

/** Builds targets: a provider's model with its price, limits and deadlines. */
export class TargetBuilder {
  readonly #options: TargetBuilderOptions;

  constructor(options: TargetBuilderOptions) {
    this.#options = options;
  }

  /** Builds a configured target. @param hasOthers whether another target or model can serve the call */
  configured(config: TargetConfig, provider: Provider, hasOthers: boolean): Target {
    const { timeout: beginMs, firstToken, idleTimeout: idleTimeoutMs, whole: wholeMs } = config;
    const firstContentMs = firstToken ?? (hasOthers ? FIRST_CONTENT_MS : undefined);
    const name = `${config.provider}/${config.model}`;
    const priceNow = config.price === undefined ? this.#price(config.provider, provider, config.model) : () => config.price;
    const target: Target = {
      name,
      provider: config.provider,
      model: config.model,
      limits: [...this.limitsOf(config.provider), ...this.#limit(name, config)],
      weight: config.weight,
      ...tokenizerOf(provider, config.model),
      realtime: provider.realtime,
      contextTokens: config.context ?? this.#context(provider, config.model),
      ...defined({ expectedLatencyMs: config.latency }),
      service: compose(
        [deadlines({ beginMs, firstContentMs, wholeMs })],
        provider.service(config.model, { idleTimeoutMs, profile: config.profile }),
      ),
    };
    return withPrice(target, priceNow);
  }

  /**
   * Builds `provider/model` as a model with one target. Its name in metrics is the provider's, because clients can send
   * arbitrary model names. Undefined if the name has no configured provider.
   */
  direct(name: string): Model | undefined {
    const slash = name.indexOf('/');
    const providerName = slash === -1 ? undefined : name.slice(0, slash);
    const provider = providerName === undefined ? undefined : this.#options.providers.get(providerName);
    if (providerName === undefined || provider === undefined) return undefined;
    const model = name.slice(slash + 1);
    if (model === '') return undefined;
    const priceNow = this.#price(providerName, provider, model);
    const target: Target = {
      ...this.#unnamed(providerName, provider, model),
      ...tokenizerOf(provider, model),
      realtime: provider.realtime,
    };
    return { name, strategy: 'priority', targets: [withPrice(target, priceNow)] };
  }

  /** Builds the model for requests to a provider that name no model. */
  withoutModel(providerName: string, provider: Provider): Model {
    return { name: '', strategy: 'priority', targets: [this.#unnamed(providerName, provider, '')] };
  }

  limitsOf(provider: string): ConcurrencyLimit[] {
    const config = this.#options.providers.config(provider);
    return config === undefined ? [] : this.#limit(provider, config);
  }

  #unnamed(providerName: string, provider: Provider, model: string): Target {
    const service = compose([deadlines({ beginMs: DIRECT_TIMEOUT_MS })], provider.service(model));
    const limits = this.limitsOf(providerName);
    return { name: `${providerName}/*`, provider: providerName, model, weight: 1, limits, service };
  }

  #limit(name: string, { maxConcurrency, maxQueue = 100, queueTimeout = 5_000 }: Concurrency): ConcurrencyLimit[] {
    if (maxConcurrency === undefined) return [];
    return [this.#options.loads.limit(name, { limit: maxConcurrency, maxWaiting: maxQueue, waitMs: queueTimeout })];
  }

  /** Returns a function that returns the current price: the configured price, else the public table's. */
  #price(name: string, { prices }: Provider, model: string): () => Price | undefined {
    const { ownPrices, book } = this.#options;
    const own = ownPrices[`${name}/${model}`];
    if (own !== undefined) return () => own;
    return prices === undefined ? () => undefined : () => book.priceOf(prices, model, Date.now());
  }

  #context({ prices }: Provider, model: string): number | undefined {
    return prices === undefined ? undefined : this.#options.book.contextOf(prices, model, Date.now());
  }
}

/** Adds the current price, which may change while the gateway runs. */
function withPrice(target: Target, priceNow: () => Price | undefined): Target {
  return Object.defineProperty(target, 'price', { get: priceNow, enumerable: true });
}

/** Returns the tokenizer for OpenAI's models, at OpenAI or at Azure (Azure also hosts other models). */
function tokenizerOf({ prices }: Provider, model: string): { tokenizer?: 'openai' } {
  const isOpenAi = prices === 'openai' || (prices === 'azure' && /gpt|^o\d/i.test(model));
  return isOpenAi ? { tokenizer: 'openai' } : {};
}
