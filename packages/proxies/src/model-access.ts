import { type Limits, type LlmCall, LlmError, type LlmProxy, limitsIn, matchesAny } from '@sluice/core';
import type { CallerGroup } from './metering/caller-group.ts';
import type { Model } from './routing/model.ts';

/** Which public model names are configured. */
export interface KnownModels {
  has(model: string): boolean;
  /** Where it may go, and at what price. */
  get?(model: string): Pick<Model, 'targets'> | undefined;
}

/** Whether a provider bills the request, and its answer is not read. */
const isUnpricedWork = (call: LlmCall): boolean => call.operation === 'other' && call.message.unread?.billed === true;

/** Whether the gateway itself answers, without a provider. */
const isAnsweredHere = ({ operation }: LlmCall): boolean => operation === 'models' || operation === 'stored';

/** Whether there is a hard budget that calls of unknown cost would pass by, and nothing that allows it. */
const refusesUnpricedWork = ({ budget, unpriced }: Limits): boolean =>
  unpriced !== 'serve' && limitsIn(budget).some(({ soft }) => soft !== true);

/**
 * Refuses what the key may not use (routes and models) and what is not there, before anything is reserved or looked up for it. A call that comes past here
 * goes on, so this is where the store is asked all that the rest of the chain will need, in one trip.
 *
 * @throws LlmError `invalid_request` (and the other faults of a message), `model_not_allowed`, `model_not_found`
 */
export function modelAccess(models: KnownModels, groups?: (call: LlmCall) => readonly CallerGroup[]): LlmProxy {
  const refuseUnpriced = (call: LlmCall, model: string): void => {
    const { caller } = call.facts;
    if (caller === undefined || call.operation === 'count_tokens' || isAnsweredHere(call)) return;
    const all = [caller.limits, ...(groups?.(call) ?? []).map(({ limits }) => limits)];
    if (isUnpricedWork(call) && all.some(refusesUnpricedWork)) {
      throw new LlmError(
        'model_not_allowed',
        `The cost of ${call.route} is not known, and this API key has a budget. Ask for limits: { unpriced: serve } beside the budget.`,
      );
    }
    if (!all.some(({ unpriced }) => unpriced === 'refuse')) return;
    // an unread answer reports no tokens, so its cost is not known
    if (call.operation === 'other') {
      throw new LlmError(
        'model_not_allowed',
        'What a call of this route costs is not known, and this API key may not use what has no price.',
      );
    }
    const targets = models.get?.(model)?.targets ?? [];
    if (targets.length > 0 && targets.every(({ price }) => price !== undefined)) return;
    throw new LlmError(
      'model_not_allowed',
      `The price of the model '${model}' is not known, and this API key may not use what has no price.`,
      { param: 'model' },
    );
  };

  return (next) => ({
    async complete(call) {
      const { model } = call.message.view();
      const routes = call.facts.caller?.routes;
      if (routes !== undefined && !matchesAny(routes, call.route.slice(call.route.indexOf(' ') + 1))) {
        throw new LlmError('model_not_allowed', `This API key may not use the route ${call.route}.`);
      }
      if (routes === undefined && call.message.unread?.account !== undefined) {
        throw new LlmError(
          'model_not_allowed',
          `The route ${call.route} is about the provider's account: a key may use it only if its routes name it.`,
        );
      }
      if (call.operation === 'other' && model === '') {
        if (call.facts.caller?.models !== undefined) {
          throw new LlmError(
            'model_not_allowed',
            'This API key may use some models only, and a request to this route names none.',
          );
        }
      } else if (!isAnsweredHere(call) || model !== '') {
        const allowed = call.facts.caller?.models;
        if (allowed !== undefined && !matchesAny(allowed, model)) {
          throw new LlmError('model_not_allowed', `This API key may not use the model '${model}'.`, { param: 'model' });
        }
        const unnamed = call.message.unread?.unnamed;
        if (!models.has(model) && unnamed !== undefined) call.message = unnamed;
        else if (!models.has(model)) {
          throw new LlmError(
            'model_not_found',
            `The model '${model}' does not exist. GET /v1/models lists the available models.`,
            {
              param: 'model',
            },
          );
        }
      }
      refuseUnpriced(call, model);
      // what models there are is answered without the store; and whether a call with a key is made at all is not certain yet
      if (!isAnsweredHere(call) && call.idempotencyKey === undefined) next.prepare?.(call);
      return await next.complete(call);
    },
  });
}
