import type { LlmProxy, LlmService } from './llm-service.ts';

/**
 * Composes a list of proxies, outermost first, around a service.
 *
 * @example
 * const service = compose([authentication(keys), caching({ cache, ttlS: 60 })], provider);
 */
export function compose(proxies: readonly LlmProxy[], service: LlmService): LlmService {
  return proxies.reduceRight<LlmService>((next, proxy) => proxy(next), service);
}

/** A proxy with a name, and the names of the layers that must be outside of it. */
export interface Layer {
  readonly name: string;
  /** Layers that must come before this one. A name that is not in the list is ignored: a layer may be switched off. */
  readonly inside?: readonly string[];
  readonly proxy: LlmProxy;
}

/**
 * Composes named layers, and checks their order.
 * @throws Error at start, if a layer is not inside the layers that it names
 */
export function composeLayers(layers: readonly Layer[], service: LlmService): LlmService {
  const names = layers.map(({ name }) => name);
  for (const [n, { name, inside = [] }] of layers.entries()) {
    const wrong = inside.find((outer) => names.indexOf(outer) > n);
    if (wrong !== undefined)
      throw new Error(`The layer '${name}' must be inside the layer '${wrong}': move it down in the list.`);
  }
  return compose(
    layers.map(({ proxy }) => proxy),
    service,
  );
}
