import type { LlmCall } from './call.ts';
import type { LlmReply } from './reply.ts';

/** Answers one LLM call. Providers, proxies and the whole gateway are all of this shape. */
export interface LlmService {
  /** @throws LlmError and nothing else */
  complete(call: LlmCall): Promise<LlmReply>;
  /** Sends what `complete` will need from the store, so that one trip carries it for the whole chain. */
  prepare?(call: LlmCall): void;
}

/** Wraps a service to add one concern. */
export type LlmProxy = (next: LlmService) => LlmService;
