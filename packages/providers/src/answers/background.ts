import { bufferOf, type LlmReply, type Usage, type WholeReply } from '@sluice/core';
import { DIALECTS, isObject, parseJson } from '@sluice/dialects';
import type { AnswerReader } from './answer-reader.ts';

/** States of a response that is not complete. Source: OpenAI's API reference, "The response object". */
const UNFINISHED: ReadonlySet<unknown> = new Set(['queued', 'in_progress']);

/** Reads the state of a response in the background. The usage of a completed one is billed to the call that reads it. */
export class BackgroundAnswer implements AnswerReader {
  readonly #billedInputTokens: number;

  /** @param billedInputTokens estimated prompt tokens, billed when the response was started */
  constructor(billedInputTokens: number) {
    this.#billedInputTokens = billedInputTokens;
  }

  stream(): undefined {
    return undefined;
  }

  whole(head: WholeReply): LlmReply {
    const response = parseJson(bufferOf(head.body).toString('utf8'));
    if (!isObject(response) || UNFINISHED.has(response['status'])) return head;
    const usage = DIALECTS['openai-responses'].readUsage(response);
    return usage === undefined ? head : { ...head, usage: this.#unbilled(usage) };
  }

  refusal(head: WholeReply): WholeReply {
    return head;
  }

  #unbilled(usage: Usage): Usage {
    const { inputTokens, cachedInputTokens = 0, cacheWriteTokens = 0 } = usage;
    const plain = Math.max(0, inputTokens - cachedInputTokens - cacheWriteTokens);
    return { ...usage, inputTokens: inputTokens - Math.min(plain, this.#billedInputTokens) };
  }
}
