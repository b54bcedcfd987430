import { LlmError, type LlmProxy, matchesAny } from '@sluice/core';

/** Which public model names are configured. */
export interface KnownModels {
  has(model: string): boolean;
}

/**
 * Refuses what the key may not use and what is not there, before anything is reserved or looked up for it. A call that comes past here
 * goes on, so this is where the store is asked all that the rest of the chain will need, in one trip.
 *
 * @throws LlmError `invalid_request` (and the other faults of a message), `model_not_allowed`, `model_not_found`
 */
export function modelAccess(models: KnownModels): LlmProxy {
  return (next) => ({
    async complete(call) {
      const { model } = call.message.view();
      if (call.operation === 'other' && model === '') {
        if (call.facts.caller?.models !== undefined) {
          throw new LlmError(
            'model_not_allowed',
            'This API key may use some models only, and a request to this route names none.',
          );
        }
      } else if (call.operation !== 'models' || model !== '') {
        const allowed = call.facts.caller?.models;
        if (allowed !== undefined && !matchesAny(allowed, model)) {
          throw new LlmError('model_not_allowed', `This API key may not use the model '${model}'.`, { param: 'model' });
        }
        if (!models.has(model)) {
          throw new LlmError('model_not_found', `There is no model '${model}' here; GET /v1/models lists those there are.`, {
            param: 'model',
          });
        }
      }
      // what models there are is answered without the store
      if (call.operation !== 'models') next.prepare?.(call);
      return await next.complete(call);
    },
  });
}
