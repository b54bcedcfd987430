import { errorTexts, LlmError } from '@sluice/core';
import {
  asList,
  asString,
  type Dialect,
  type EventDecoder,
  errorInStream,
  finishReason,
  isObject,
  type JsonObject,
  member,
  parseJson,
} from '@sluice/dialects';
import { noAnswer } from './answer-reader.ts';

interface Choice {
  text: string;
  finish: string | null;
  logprobs: JsonObject | null;
}

/** Collects the stream of a legacy completion. Its chunks have the form of the complete answer. */
class TextChunks {
  readonly #choices = new Map<number, Choice>();
  #head: JsonObject | undefined;
  #usage: unknown;
  #ended = false;

  add(data: JsonObject): void {
    this.#head ??= data;
    if (isObject(data['usage'])) this.#usage = data['usage'];
    for (const value of asList(data['choices'])) {
      const index = member(value, 'index');
      const choice = this.#choiceOf(typeof index === 'number' ? index : 0);
      choice.text += asString(member(value, 'text')) ?? '';
      const finish = finishReason(member(value, 'finish_reason'));
      if (finish !== undefined) choice.finish = finish;
      const logprobs = member(value, 'logprobs');
      if (isObject(logprobs)) choice.logprobs = joined(choice.logprobs, logprobs);
    }
  }

  done(): void {
    this.#ended = true;
  }

  /** @throws LlmError for a stream without content or without an end */
  whole(): JsonObject {
    const choices = [...this.#choices.entries()].sort(([one], [other]) => one - other);
    if (this.#head === undefined || choices.length === 0) throw noAnswer(errorTexts.answerEmpty);
    if (!this.#ended && choices.some(([, { finish }]) => finish === null)) {
      throw new LlmError('upstream_truncated', errorTexts.answerIncomplete, {
        failure: { kind: 'server_error' },
      });
    }
    const { usage: _usage, ...head } = this.#head;
    return {
      ...head,
      choices: choices.map(([index, { text, finish, logprobs }]) => ({ text, index, logprobs, finish_reason: finish ?? 'stop' })),
      // JSON has no undefined members
      usage: this.#usage,
    };
  }

  #choiceOf(index: number): Choice {
    const known = this.#choices.get(index) ?? { text: '', finish: null, logprobs: null };
    this.#choices.set(index, known);
    return known;
  }
}

/** Joins log probabilities: lists of the same length, one value per token. */
function joined(before: JsonObject | null, more: JsonObject): JsonObject {
  if (before === null) return more;
  return Object.fromEntries(
    Object.entries(more).map(([name, value]) => [name, Array.isArray(value) ? [...asList(before[name]), ...value] : value]),
  );
}

/** Collects the stream of a legacy completion into a complete answer. @throws LlmError if the stream failed or was truncated */
export function wholeOfTexts(events: EventDecoder, bytes: Buffer, dialect: Dialect): JsonObject {
  const chunks = new TextChunks();
  for (const event of [...events.feed(bytes), ...events.flush()]) {
    if (event === '[DONE]') chunks.done();
    const data = parseJson(event);
    if (!isObject(data)) continue;
    if (dialect.reportsFailure(data)) throw errorInStream(data);
    chunks.add(data);
  }
  return chunks.whole();
}
