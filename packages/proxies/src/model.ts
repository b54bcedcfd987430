import type { LlmService, Strategy } from '@sluice/core';
import type { Price } from '@sluice/pricing';

/** One provider, model and credentials that can serve a public model name. */
export interface Target {
  /** `provider/model`: unique, and made of the configuration alone. */
  readonly name: string;
  readonly provider: string;
  /** The provider's own name of the model. */
  readonly model: string;
  readonly weight: number;
  /** Whose tokenizer counts its prompts, where it is at hand. */
  readonly tokenizer?: 'openai';
  /** What it takes now; it may change while the gateway runs. Undefined where nobody knows. */
  readonly price?: Price | undefined;
  /** How long an answer takes as far as the configuration knows, until measurements say better. */
  readonly expectedLatencyMs?: number;
  readonly service: LlmService;
}

/** What clients ask for by one name. */
export interface Model {
  readonly name: string;
  readonly strategy: Strategy;
  /** In order of priority. At least one. */
  readonly targets: readonly Target[];
}
