import type { LlmCall } from './call.ts';
import { CallSlot } from './call-slot.ts';
import type { LlmProxy, LlmService } from './llm-service.ts';
import type { LlmReply } from './reply.ts';

/** A stage that has sent its store command for a call. */
export interface PendingStage {
  /** Waits for the store's response and completes the call. */
  complete(call: LlmCall, next: LlmService): Promise<LlmReply>;
}

/** A layer that needs a response of the store before it can continue. */
export interface StoreStage {
  /** Sends the store command synchronously, without waiting. @throws LlmError to refuse the call */
  ask(call: LlmCall): PendingStage;
}

/**
 * Runs stages and proxies as one proxy, outermost first. All stages send their commands in the same turn of the event loop, so
 * that one packet carries them.
 *
 * @example
 * compose([authentication(keys), inOneRoundTrip([meteringStage(limits), streamRecovery, cachingStage(cache)])], router);
 */
export function inOneRoundTrip(stages: readonly (StoreStage | LlmProxy)[]): LlmProxy {
  const layers = stages.map((stage) => (typeof stage === 'function' ? stage : new StageLayer(stage)));
  return (next) => {
    const service = layers.reduceRight<LlmService>(
      (inner, layer) => (typeof layer === 'function' ? layer(inner) : { complete: (call) => layer.complete(call, inner) }),
      next,
    );
    const asking = layers.filter((layer) => layer instanceof StageLayer);
    return {
      async complete(call) {
        for (const layer of asking) layer.ask(call);
        return service.complete(call);
      },
    };
  };
}

/** A stage in the chain. What it sent for a call is kept in a slot of the call, so that the chain is composed only once. */
class StageLayer {
  readonly #stage: StoreStage;
  readonly #pending = new CallSlot<PendingStage | undefined>('pending stage', undefined);

  constructor(stage: StoreStage) {
    this.#stage = stage;
  }

  ask(call: LlmCall): void {
    this.#pending.set(call, this.#stage.ask(call));
  }

  complete(call: LlmCall, next: LlmService): Promise<LlmReply> {
    const pending = this.#pending.get(call);
    if (pending === undefined) throw new Error('a stage was not asked before its call');
    return pending.complete(call, next);
  }
}
