import { feature, type OtherRoute } from './other-route.ts';

/** Cohere's and Jina's route. Each provider has it below its own base URL. */
export const RERANK_ROUTES: readonly OtherRoute[] = feature('rerank', 'rerank', { billed: true }, [
  'POST /v1/rerank',
  'POST /v2/rerank',
]);
