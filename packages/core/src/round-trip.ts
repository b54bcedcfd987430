import type { LlmCall } from './call.ts';
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
  return (next) => ({
    async complete(call) {
      const asked = stages.map((stage) => (typeof stage === 'function' ? stage : stage.ask(call)));
      const service = asked.reduceRight<LlmService>(
        (inner, stage) => (typeof stage === 'function' ? stage(inner) : new Stage(stage, inner)),
        next,
      );
      return service.complete(call);
    },
  });
}

class Stage implements LlmService {
  readonly #asked: PendingStage;
  readonly #next: LlmService;

  constructor(asked: PendingStage, next: LlmService) {
    this.#asked = asked;
    this.#next = next;
  }

  complete(call: LlmCall): Promise<LlmReply> {
    return this.#asked.complete(call, this.#next);
  }
}
