import type { LlmProxy, LlmService } from './llm-service.ts';

/**
 * One service of a list of proxies, outermost first, around a service.
 *
 * A proxy's `prepare` speaks for itself alone; the composed one runs every proxy's, outermost first. The proxy after which a call
 * is certain to go on (`modelAccess`) runs it, and a proxy that was never prepared does its work when its turn comes.
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
