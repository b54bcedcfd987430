import type { LlmProxy, LlmService } from './llm-service.ts';

/**
 * Composes a list of proxies, outermost first, around a service.
 *
 * A proxy's `prepare` covers only that proxy; the composed `prepare` runs every proxy's, outermost first. `modelAccess` calls
 * it: after that layer the call proceeds to the store. A proxy that was not prepared does the same work in `complete`.
 */
export function compose(proxies: readonly LlmProxy[], service: LlmService): LlmService {
  return proxies.reduceRight<LlmService>((next, proxy) => {
    const outer = proxy(next);
    if (next.prepare === undefined) return outer;
    return {
      complete: (call) => outer.complete(call),
      prepare(call) {
        outer.prepare?.(call);
        next.prepare?.(call);
      },
    };
  }, service);
}
