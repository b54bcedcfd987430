import type { ListedModel } from '../listed-model.ts';

const render = ({ id, created }: ListedModel) => ({
  type: 'model',
  id,
  display_name: id,
  created_at: new Date(created * 1_000).toISOString(),
});

export const renderModel = (model: ListedModel): string => JSON.stringify(render(model));

export function renderModelList(models: readonly ListedModel[]): string {
  const first_id = models[0]?.id ?? null;
  return JSON.stringify({ data: models.map(render), has_more: false, first_id, last_id: models.at(-1)?.id ?? null });
}
