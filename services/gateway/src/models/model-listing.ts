import { type DialectName, matchesAny } from '@sluice/core';
import { DIALECTS, type ListedModel } from '@sluice/dialects';
import type { Model, ModelListRendering } from '@sluice/proxies';

/** What the listing needs of the models. */
interface ListedModels {
  get(name: string): Model | undefined;
  readonly all: Iterable<Model>;
}

/** Renders the model lists of each dialect. */
export class ModelListing implements ModelListRendering {
  readonly #models: ListedModels;
  readonly #startedS = Math.floor(Date.now() / 1_000);

  constructor(models: ListedModels) {
    this.#models = models;
  }

  list(dialect: DialectName, allowed: readonly string[] | undefined): string {
    const models = [...this.#models.all].filter(({ name }) => allowed === undefined || matchesAny(allowed, name));
    return DIALECTS[dialect].renderModelList(models.map((model) => this.#listed(model)));
  }

  /** @param name of a model that exists */
  one(dialect: DialectName, name: string): string {
    const model = this.#models.get(name);
    if (model === undefined) throw new Error(`there is no model '${name}'`);
    return DIALECTS[dialect].renderModel(this.#listed(model));
  }

  #listed({ name: id, targets }: Model): ListedModel {
    const owners = [...new Set(targets.map(({ provider }) => provider))];
    const [first = ''] = owners;
    return { id, ownedBy: owners.length === 1 ? first : 'sluice', created: this.#startedS };
  }
}
