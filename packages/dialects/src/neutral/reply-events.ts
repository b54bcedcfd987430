import type { Choice, NeutralReply } from './reply.ts';
import type { NeutralEvent } from './stream.ts';

/** Yields the events of a whole reply, for a client that requested a stream from a provider that does not stream. */
export function* replyEvents({ id, model, createdS, choices, usage }: NeutralReply): Generator<NeutralEvent> {
  yield { type: 'start', id, model, createdS };
  for (const [index, choice] of choices.entries()) yield* choiceEvents(index, choice);
  if (usage !== undefined) yield { type: 'usage', usage };
}

function* choiceEvents(choice: number, { parts, finish, stopSequence, logprobs }: Choice): Generator<NeutralEvent> {
  let calls = 0;
  // the first text carries them all
  let probs = logprobs;
  for (const part of parts) {
    switch (part.type) {
      case 'text': {
        const { text, citations } = part;
        yield { type: 'text', choice, text, citations, logprobs: probs };
        probs = undefined;
        break;
      }
      case 'refusal':
      case 'reasoning':
        yield { ...part, choice };
        break;
      case 'image':
      case 'audio':
        yield { type: part.type, choice, source: part.source };
        break;
      case 'tool_call': {
        const call = calls++;
        const { id, name, arguments: text, form, signature } = part;
        yield { type: 'tool_call', choice, call, id, name, form, signature };
        yield { type: 'tool_arguments', choice, call, text };
        break;
      }
    }
  }
  yield { type: 'finish', choice, reason: finish, stopSequence };
}
