import type { ListedModel } from '../listed-model.ts';

const render = (model: ListedModel) => ({
  id: model.id,
  object: 'model',
  created: model.created,
  owned_by: model.ownedBy,
});

export function renderModel(model: ListedModel): string {
  return JSON.stringify(render(model));
}

export function renderModelList(models: readonly ListedModel[]): string {
  return JSON.stringify({ object: 'list', data: models.map(render) });
}
