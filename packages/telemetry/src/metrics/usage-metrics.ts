import type { MetricFactory } from './metric-factory.ts';

/** Creates the metrics of tokens and money. */
export const usageMetrics = (create: MetricFactory) => ({
  tokens: create.counter('sluice_tokens_total', 'Tokens reported by providers or estimated.', ['provider', 'model', 'type']),
  usageEstimated: create.counter(
    'sluice_usage_estimated_total',
    'Answers with estimated token counts: the reported counts were missing, malformed or implausible, or the answer broke off.',
    ['provider', 'reason'],
  ),
  cost: create.counter('sluice_cost_usd_total', 'Cost of calls with a known price, in US dollars.', ['provider', 'model']),
  unpriced: create.counter(
    'sluice_unpriced_calls_total',
    'Calls with an unknown price, or with a part of unknown price; the unknown amount is in no sum.',
    ['provider', 'model'],
  ),
  saved: create.counter('sluice_saved_usd_total', 'Cost avoided by the cache, in US dollars.', ['provider', 'model', 'kind']),
  semanticLabels: create.counter(
    'sluice_semantic_labels_total',
    'Answers of similar questions that were compared with the right ones, by bin of similarity.',
    ['bin', 'result'],
  ),
  semanticVetoes: create.counter('sluice_semantic_vetoes_total', 'Similar questions whose words differ too much.', ['reason']),
  semanticRevocations: create.counter('sluice_semantic_revocations_total', 'Bins that had too many wrong answers.', ['bin']),
  cacheLookups: create.counter('sluice_cache_lookups_total', 'Lookups in the response cache.', ['kind', 'result']),
});

/** Creates the metrics of limits and budgets. */
export const limitMetrics = (create: MetricFactory) => ({
  rateLimited: create.counter('sluice_rate_limited_total', 'Requests rejected by a limit, by the limited quantity.', ['meter']),
  budgetRejected: create.counter('sluice_budget_rejected_total', 'Requests rejected by a budget.'),
  budgetExceeded: create.counter(
    'sluice_budget_exceeded_total',
    'Calls served although a soft budget was exceeded, by owner of the budget.',
    ['owner'],
  ),
  replicas: create.gauge(
    'sluice_replicas',
    'Highest number of replicas in the last hour; each takes an equal share of every limit while Redis is unavailable.',
  ),
});
