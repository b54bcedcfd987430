import type { GatewayConfig } from '@sluice/config';

/**
 * Checks what the semantic tier of the cache refers to. @throws Error that names the invalid field
 *
 * @param has returns whether there is a model
 */
export function checkSemantic({ cache: { semantic }, keys, models }: GatewayConfig, has: (model: string) => boolean): void {
  if (semantic === undefined) {
    const wants = (cache: { readonly semantic?: boolean | undefined } | undefined): boolean => cache?.semantic === true;
    const key = keys.findIndex(({ cache }) => wants(cache));
    const model = Object.keys(models).find((name) => wants(models[name]?.cache));
    const field = key === -1 ? (model === undefined ? undefined : `models.${model}`) : `keys[${key}]`;
    if (field !== undefined) throw new Error(`${field}.cache.semantic: needs the section cache.semantic`);
    return;
  }
  const { embeddings, judge } = semantic;
  if (!has(embeddings)) throw new Error(`cache.semantic.embeddings: there is no model '${embeddings}'`);
  if (judge.by === 'model' && !has(judge.model))
    throw new Error(`cache.semantic.judge.model: there is no model '${judge.model}'`);
}
