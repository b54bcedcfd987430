import { calcPrice, type ModelPrice, type Provider, updatePrices } from '@pydantic/genai-prices';
import { TOKEN_PARTS, type TokenPart } from '@sluice/core';
import type { Price, Rate } from './price.ts';

/**
 * Prices that the table lacks. Sources: OpenAI, "Flex processing" (half, like the Batch API); Anthropic, "Web search tool" (10
 * USD per 1,000 searches).
 */
const KNOWN_EXTRAS: Readonly<Record<string, Pick<Price, 'serviceTiers' | 'webSearch'>>> = {
  openai: { serviceTiers: { flex: 0.5 } },
  anthropic: { webSearch: 0.01 },
};

/** Lifetime of a cached price. A price may depend on the day or the hour, as DeepSeek's does. */
const BELIEVED_MS = 60_000;

/**
 * The prices of public providers' models, from the table of `@pydantic/genai-prices` or from a table that replaced it. Lookups
 * use the table's name of the provider and the provider's name of the model, including dated and regional names.
 */
export class PriceBook {
  readonly #found = new Map<string, { readonly price: Price | undefined; readonly untilMs: number }>();

  /** @param provider the table's name of the provider: `x-ai`, `aws`, … */
  priceOf(provider: string, model: string, nowMs: number): Price | undefined {
    const name = `${provider}/${model}`;
    const known = this.#found.get(name);
    if (known !== undefined && nowMs < known.untilMs) return known.price;
    const result = calcPrice({ input_tokens: 1, output_tokens: 1 }, model, { providerId: provider, timestamp: new Date(nowMs) });
    const found = result === null ? undefined : priceFrom(result.model_price);
    const price = found === undefined ? undefined : { ...found, ...KNOWN_EXTRAS[provider] };
    // names also come from callers, so the cache has a bound
    if (this.#found.size >= 10_000) this.#found.clear();
    this.#found.set(name, { price, untilMs: nowMs + BELIEVED_MS });
    return price;
  }

  /** Returns the maximum tokens of a prompt and its answer. Undefined if the table lacks the model. */
  contextOf(provider: string, model: string, nowMs: number): number | undefined {
    const usage = { input_tokens: 1, output_tokens: 1 };
    return calcPrice(usage, model, { providerId: provider, timestamp: new Date(nowMs) })?.model.context_window;
  }

  /**
   * Replaces the table of this process by JSON in the form of the package's data file.
   * @throws Error that names the invalid part; the old table remains in use
   */
  replace(text: string): void {
    const data: unknown = JSON.parse(text);
    if (!isTable(data)) throw new Error('expected a list of providers, each with an id and models');
    updatePrices(({ setProviderData }) => setProviderData(data));
    this.#found.clear();
  }
}

function isTable(data: unknown): data is Provider[] {
  return Array.isArray(data) && data.length > 0 && data.every((one) => typeof one?.id === 'string' && Array.isArray(one.models));
}

/** Converts a price of the table. Undefined for a model that is not priced by tokens. */
function priceFrom(found: ModelPrice): Price | undefined {
  const input = rateFrom(found['input_mtok']);
  if (input === undefined) return undefined;
  const parts: { -readonly [Field in TokenPart['price']]?: Rate | undefined } = {};
  for (const { price, listed } of TOKEN_PARTS) if (listed !== null) parts[price] = rateFrom(found[listed]);
  const requests = found['requests_kcount'];
  return {
    ...parts,
    input,
    // models without output, such as embeddings, have no output price
    output: rateFrom(found['output_mtok']) ?? 0,
    request: typeof requests === 'number' ? requests / 1_000 : undefined,
  };
}

function rateFrom(value: ModelPrice[string]): Rate | undefined {
  if (value === undefined || typeof value === 'number') return value;
  return { base: value.base, steps: value.tiers.map(({ start, price }) => ({ from: start, price })) };
}
