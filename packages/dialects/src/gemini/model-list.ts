import type { ListedModel } from '../listed-model.ts';

const render = ({ id }: ListedModel) => ({
  name: `models/${id}`,
  version: '001',
  displayName: id,
  supportedGenerationMethods: ['generateContent', 'countTokens', 'embedContent'],
});

export const renderModel = (model: ListedModel): string => JSON.stringify(render(model));

export const renderModelList = (models: readonly ListedModel[]): string => JSON.stringify({ models: models.map(render) });
