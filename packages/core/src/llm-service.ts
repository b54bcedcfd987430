import type { LlmCall } from './call.ts';
import type { LlmReply } from './reply.ts';

/** Serves one LLM call. Providers, proxies and the whole gateway implement it. */
export interface LlmService {
  /** @throws LlmError and nothing else */
  complete(call: LlmCall): Promise<LlmReply>;
  /** Sends the store commands that `complete` will need, so that one round trip serves the whole chain. */
  prepare?(call: LlmCall): void;
}

/** Wraps a service to add one concern. */
export type LlmProxy = (next: LlmService) => LlmService;
