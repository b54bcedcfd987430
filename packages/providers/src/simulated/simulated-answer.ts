import { type DialectName, errorTexts, LlmError, type Operation, type Usage } from '@sluice/core';
import {
  countingOf,
  DIALECTS,
  EMBEDDINGS,
  type EmbeddingsDialectName,
  embeddingsBeside,
  type JsonObject,
  type NeutralReply,
  type ReplyContext,
} from '@sluice/dialects';
import { simulateEmbeddings } from './simulated-embedding.ts';
import { promptTokens, SIMULATED_CREATED_S, simulateEvents, simulateReply } from './simulated-model.ts';

/** A request to a simulated provider. */
export interface SimulatedQuestion {
  readonly operation: Operation;
  readonly dialect: DialectName;
  readonly body: JsonObject;
  readonly context: ReplyContext;
  /** Dialect of the embeddings, if it differs from the usual one for `dialect`. */
  readonly embeddings?: EmbeddingsDialectName;
  /** Adds the simulated model's own members to an answer. */
  readonly shape?: (reply: NeutralReply) => NeutralReply;
}

/** An answer in the dialect of the question, complete or as the events of a stream. */
export interface SimulatedAnswer {
  readonly whole: string;
  /** Returns the events, each with its blank line. */
  events(): string[];
  readonly usage: Usage | undefined;
}

/** @throws LlmError `invalid_request` for an invalid request, `not_found` for an unknown route */
export function simulatedAnswer(question: SimulatedQuestion): SimulatedAnswer {
  switch (question.operation) {
    case 'chat':
      return chat(question);
    case 'completions':
      return completion(question);
    case 'embeddings':
      return embeddings(question);
    case 'count_tokens':
      return count(question);
    default:
      throw new LlmError('not_found', errorTexts.simulatedRoute);
  }
}

const noEvents = (): string[] => [];

function chat({ dialect: name, body, context, shape }: SimulatedQuestion): SimulatedAnswer {
  const dialect = DIALECTS[name];
  const plain = simulateReply(dialect.readRequest(body), { id: context.id, model: context.model });
  const reply = shape === undefined ? plain : shape(plain);
  return {
    whole: JSON.stringify(dialect.writeReply(reply, context)),
    events() {
      const writer = dialect.writeStream(context);
      const events = [...simulateEvents(reply)].map((event) => writer.write(event));
      return [...events, writer.end()].filter((event) => event !== '');
    },
    usage: reply.usage,
  };
}

function embeddings({ dialect, body, context, embeddings: given }: SimulatedQuestion): SimulatedAnswer {
  const name = given ?? embeddingsBeside(dialect);
  if (name === undefined) throw new LlmError('not_found', errorTexts.dialectWithoutEmbeddings);
  const made = simulateEmbeddings(EMBEDDINGS[name].readRequest(body), context.model);
  const form = { model: context.model, base64: body['encoding_format'] === 'base64', batch: body['requests'] !== undefined };
  return { whole: JSON.stringify(EMBEDDINGS[name].writeReply(made, form)), events: noEvents, usage: made.usage };
}

function count({ dialect, body }: SimulatedQuestion): SimulatedAnswer {
  const counting = countingOf(dialect);
  if (counting === undefined) throw new LlmError('not_found', errorTexts.dialectWithoutCounts);
  return { whole: JSON.stringify(counting.writeCount(promptTokens(counting.read(body)))), events: noEvents, usage: undefined };
}

/** Simulates a legacy completion: the text continues the prompt. */
function completion({ body, context }: SimulatedQuestion): SimulatedAnswer {
  const { prompt } = body;
  const question = Array.isArray(prompt) ? prompt.join('') : String(prompt ?? '');
  const text = `Simulated answer to: ${question}`;
  const usage = { inputTokens: [...question].length, outputTokens: [...text].length };
  const head = { id: `cmpl-${context.id}`, object: 'text_completion', created: SIMULATED_CREATED_S, model: context.model };
  const reported = {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
  };
  const choice = (content: string, finish_reason: string | null) => ({ index: 0, text: content, logprobs: null, finish_reason });
  const event = (value: object): string => `data: ${JSON.stringify({ ...head, ...value })}\n\n`;
  return {
    whole: JSON.stringify({ ...head, choices: [choice(text, 'stop')], usage: reported }),
    events: () => [
      ...(text.match(/\S+\s*|\s+/g) ?? []).map((word) => event({ choices: [choice(word, null)] })),
      event({ choices: [choice('', 'stop')] }),
      ...(context.streamUsage ? [event({ choices: [], usage: reported })] : []),
      'data: [DONE]\n\n',
    ],
    usage,
  };
}
