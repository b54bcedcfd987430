import { type Limits, type LlmCall, LlmError, type LlmProxy, matchesAny } from '@sluice/core';
import type { QuotaScope } from './metering/quota-scope.ts';
import type { Model } from './routing/model.ts';

/** The configured public model names. */
export interface KnownModels {
  has(model: string): boolean;
  /** Returns the targets of a model with their prices. */
  get?(model: string): Pick<Model, 'targets'> | undefined;
}

/** Returns whether a provider bills the request without reporting usage that the gateway reads. */
const isUnpricedWork = (call: LlmCall): boolean => call.operation === 'other' && call.message.unread?.billed === true;

/** Returns whether the gateway itself serves the call, without a provider. */
const isAnsweredHere = ({ operation }: LlmCall): boolean => operation === 'models' || operation === 'stored';

/** Returns whether limits refuse calls of unknown cost: a hard budget cannot count them, unless `unpriced` is `serve`. */
const refusesUnpricedWork = ({ budget, unpriced }: Limits): boolean =>
  unpriced !== 'serve' && budget?.some(({ soft }) => soft !== true) === true;

const refusesUnpriced = ({ unpriced }: Limits): boolean => unpriced === 'refuse';

const NO_SCOPES: readonly QuotaScope[] = [];

/**
 * Refuses routes and models that the key may not use, and unknown models, before any reservation or lookup.
 *
 * @throws LlmError `invalid_request` (and the other errors of a message), `model_not_allowed`, `model_not_found`
 */
export function modelAccess(models: KnownModels, groups?: (call: LlmCall) => readonly QuotaScope[]): LlmProxy {
  const refuseUnpriced = (call: LlmCall, model: string): void => {
    const { caller } = call.context;
    if (caller === undefined || call.operation === 'count_tokens' || isAnsweredHere(call)) return;
    const scopes = groups?.(call) ?? NO_SCOPES;
    const some = (is: (limits: Limits) => boolean): boolean => is(caller.limits) || scopes.some(({ limits }) => is(limits));
    if (isUnpricedWork(call) && some(refusesUnpricedWork)) {
      throw new LlmError(
        'model_not_allowed',
        `The cost of ${call.route} is unknown, and this API key has a hard budget. Ask an administrator to add "unpriced: serve" to the limits with that budget.`,
      );
    }
    if (!some(refusesUnpriced)) return;
    // the response is not read and reports no tokens, so its cost is unknown
    if (call.operation === 'other') {
      throw new LlmError(
        'model_not_allowed',
        'The price of this route is unknown, and this API key may not make unpriced calls.',
      );
    }
    const targets = models.get?.(model)?.targets ?? [];
    if (targets.length > 0 && targets.every(({ price }) => price !== undefined)) return;
    throw new LlmError(
      'model_not_allowed',
      `The price of the model '${model}' is unknown, and this API key may not make unpriced calls.`,
      { param: 'model' },
    );
  };

  const check = (call: LlmCall): void => {
    const { model } = call.message.view();
    const routes = call.context.caller?.routes;
    if (routes !== undefined && !matchesAny(routes, call.route.slice(call.route.indexOf(' ') + 1))) {
      throw new LlmError('model_not_allowed', `This API key may not use the route ${call.route}.`);
    }
    if (routes === undefined && call.message.unread?.account !== undefined) {
      throw new LlmError(
        'model_not_allowed',
        `The route ${call.route} is about the provider's account. A key may use it only if the key's allowed routes include it.`,
      );
    }
    if (call.operation === 'other' && model === '') {
      if (call.context.caller?.models !== undefined) {
        throw new LlmError(
          'model_not_allowed',
          'This API key is restricted to certain models, and a request to this route names no model.',
        );
      }
    } else if (!isAnsweredHere(call) || model !== '') {
      const allowed = call.context.caller?.models;
      if (allowed !== undefined && !matchesAny(allowed, model)) {
        throw new LlmError('model_not_allowed', `This API key may not use the model '${model}'.`, { param: 'model' });
      }
      const unnamed = call.message.unread?.unnamed;
      if (!models.has(model) && unnamed !== undefined) call.message = unnamed;
      else if (!models.has(model)) {
        throw new LlmError('model_not_found', `The model '${model}' does not exist. GET /v1/models lists the available models.`, {
          param: 'model',
        });
      }
    }
    refuseUnpriced(call, model);
  };

  return (next) => ({
    complete(call) {
      try {
        check(call);
      } catch (error) {
        return Promise.reject(error);
      }
      return next.complete(call);
    },
  });
}
