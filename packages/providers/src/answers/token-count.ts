import { errorTexts, type LlmCall, LlmError, type WholeReply } from '@sluice/core';
import { countingOf, DIALECTS, type Dialect, errorInStream, isReportedError } from '@sluice/dialects';
import { type AnswerReader, jsonType, objectOf, ownRefusal, refusalIn } from './answer-reader.ts';

/** The provider's token count of a prompt. It is not usage, because nothing was generated. */
export class TokenCount implements AnswerReader {
  readonly #call: LlmCall;
  readonly #dialect: Dialect;

  constructor(call: LlmCall, dialect: Dialect) {
    this.#call = call;
    this.#dialect = dialect;
  }

  stream(): undefined {
    return undefined;
  }

  whole(head: WholeReply): WholeReply {
    const value = objectOf(head);
    if (isReportedError(value)) throw errorInStream(value);
    if (this.#call.dialect === this.#dialect.name) return { ...head, contentType: jsonType(head.contentType) };
    const tokens = countingOf(this.#dialect.name)?.readCount(value);
    if (tokens === undefined) throw new LlmError('upstream_error', errorTexts.countNotParsable);
    return countReply(this.#call, tokens, head);
  }

  refusal(head: WholeReply): WholeReply {
    return this.#call.dialect === this.#dialect.name ? ownRefusal(head) : refusalIn(DIALECTS[this.#call.dialect], head);
  }
}

/** Returns a count in the caller's dialect. */
export function countReply(call: LlmCall, tokens: number, head: Omit<WholeReply, 'body'>): WholeReply {
  const body = countingOf(call.dialect)?.writeCount(tokens) ?? { tokens };
  return { ...head, contentType: 'application/json', body: Buffer.from(JSON.stringify(body)) };
}
