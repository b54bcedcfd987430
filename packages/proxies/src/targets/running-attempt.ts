import type { AttemptInFlight, LlmCall, ReplyStream, Usage } from '@sluice/core';
import type { TextCounter } from '@sluice/dialects';
import { costOf } from '@sluice/pricing';
import { promptTokens } from '../call-estimate.ts';
import { usageOfStream } from './left-stream.ts';
import type { Target } from './model.ts';
import type { Spent } from './spent.ts';

/** An attempt in flight: its prompt, and the progress of its stream. */
export class RunningAttempt implements AttemptInFlight {
  readonly #call: LlmCall;
  readonly #target: Target;
  readonly #counter: TextCounter;
  #prompt: Usage | undefined;
  /** Set when its stream has begun. */
  stream: ReplyStream | undefined;

  constructor(call: LlmCall, target: Target, counter: TextCounter) {
    this.#call = call;
    this.#target = target;
    this.#counter = counter;
  }

  /** Usage of the prompt alone. Counted once. */
  get prompt(): Usage {
    this.#prompt ??= { inputTokens: promptTokens(this.#call, this.#counter), outputTokens: 0 };
    return this.#prompt;
  }

  accrued(): Spent {
    const usage =
      this.stream === undefined
        ? this.prompt
        : usageOfStream(this.#call, { end: 'cancelled', ...this.stream.progress() }, this.#counter).usage;
    return { usage, cost: costOf(this.#target.price, usage) };
  }
}
