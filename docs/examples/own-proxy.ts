// A proxy of your own: it counts the calls of each model, measures them, and refuses models that are not on a list.
import { compose, LlmError, type LlmProxy, withEnd } from '@sluice/core';
import { openAiCall } from '@sluice/dialects';
import { google, openai } from './simulated-providers.ts';

/** Refuses models that are not on the list. @throws LlmError `model_not_allowed` */
function allowlist(models: readonly string[]): LlmProxy {
  return (next) => ({
    async complete(call) {
      const { model } = call.message.view();
      if (!models.includes(model)) throw new LlmError('model_not_allowed', `The model '${model}' is not on the list.`);
      return await next.complete(call);
    },
  });
}

/** Counts calls by model and result, when they have ended: also streams and errors. */
function counting(counts: Map<string, number>): LlmProxy {
  return (next) => ({
    complete: (call) =>
      withEnd(
        () => next.complete(call),
        ({ error }) => {
          const result = `${call.message.view().model}: ${error?.code ?? 'answered'}`;
          counts.set(result, (counts.get(result) ?? 0) + 1);
        },
      ),
  });
}

const counts = new Map<string, number>();
// outermost first: counting sees the calls that the allowlist refuses
const service = compose([counting(counts), allowlist([openai.model])], openai.service);

for (const model of [openai.model, google.model, openai.model]) {
  const call = openAiCall({ model, messages: [{ role: 'user', content: 'What is a sluice?' }] });
  await service.complete(call).catch((error: LlmError) => console.log(`${error.status}: ${error.message}`));
}
for (const [result, count] of counts) console.log(`${result} × ${count}`);
