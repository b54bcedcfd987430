import type { LlmCall } from './call.ts';
import type { LlmReply } from './reply.ts';

/** Serves one LLM call. Providers, proxies and the whole gateway implement it. */
export interface LlmService {
  /** @throws LlmError and nothing else */
  complete(call: LlmCall): Promise<LlmReply>;
}

/** Wraps a service to add one concern. */
export type LlmProxy = (next: LlmService) => LlmService;
