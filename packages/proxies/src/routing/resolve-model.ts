import { errorTexts, type LlmCall, LlmError, type PassthroughRequest } from '@sluice/core';
import { type Model, withSessions } from './model.ts';

export interface ModelLookup {
  get(name: string): Model | undefined;
  /** Returns the model that serves a request which names no model. */
  other?(request: PassthroughRequest): Model | undefined;
}

/**
 * Returns the model that a call names, with only the targets that may serve it.
 * @throws LlmError `model_not_found`, `not_found`, `invalid_request`
 */
export function resolveModel(call: LlmCall, models: ModelLookup): Model {
  const name = call.message.view().model;
  const { unread } = call.message;
  if (unread !== undefined && name === '') {
    const model = models.other?.(unread);
    if (model !== undefined) return model;
    throw new LlmError('not_found', errorTexts.noProviderForRoute(call.route));
  }
  const model = models.get(name);
  if (model === undefined) throw new LlmError('model_not_found', errorTexts.unknownModel(name), { param: 'model' });
  if (call.message.realtime !== undefined) return withSessions(model, call.message.realtime.api);
  const provider = unread?.provider ?? call.provider;
  return provider === undefined ? model : atProvider(model, provider);
}

/**
 * Returns the targets of a model at one provider, because the objects that a request names are in that provider's account.
 * @throws LlmError `not_found`
 */
function atProvider(model: Model, provider: string): Model {
  const targets = model.targets.filter((target) => target.provider === provider);
  if (targets.length > 0) return { ...model, targets, fallback: [] };
  throw new LlmError('not_found', errorTexts.modelNotAtProvider(model.name, provider));
}
