import {
  type CallEnd,
  type Clock,
  isStreamed,
  type LlmCall,
  type LlmProxy,
  systemClock,
  TOKEN_PARTS,
  TOKEN_TOTALS,
  toUsd,
  withEnd,
} from '@sluice/core';
import { cacheResult, cacheTier, isServedByCache } from './caching/cache-result.ts';
import type { ProxyMetrics } from './proxy-metrics.ts';
import { servedBy } from './routing/served-by.ts';

export interface ObservabilityOptions {
  readonly metrics: ProxyMetrics;
  /** Names that may be used in labels: only configured ones, because a client can invent any number of names. */
  readonly known: {
    /** A public model name. */
    model(name: string): boolean;
    /** A provider's own name of a model. */
    providerModel(provider: string, name: string): boolean;
  };
  readonly clock?: Clock;
}

/** The label of all unknown names. */
const OTHER = 'other';

/** Kinds of tokens with a label of their own. */
const EXPORTED = [...TOKEN_TOTALS, ...TOKEN_PARTS].flatMap(({ field, metric }) => (metric === null ? [] : [{ field, metric }]));

/** Counts and times every call, whatever its result. */
export function observability(options: ObservabilityOptions): LlmProxy {
  const { metrics, known } = options;
  const clock = options.clock ?? systemClock;

  const finish = (call: LlmCall, status: number): void => {
    const { route, context } = call;
    const seconds = (clock.monotonic() - call.startedAtMs) / 1_000;
    const { state: cache, entry } = cacheResult.get(call);
    const target = servedBy.get(call);
    const provider = target?.provider ?? '';
    metrics.inFlight.dec();
    metrics.requests.inc({ route, model: modelLabel(call, known), provider, status: String(status), cache });
    metrics.requestDuration.observe({ route, cache }, seconds);
    metrics.overhead.observe({ cache }, Math.max(0, seconds - context.account.upstreamMs / 1_000));
    if (target === undefined) return;
    const labels = { provider, model: known.providerModel(provider, target.model) ? target.model : OTHER };
    if (entry?.cost !== undefined) metrics.saved.inc({ ...labels, kind: cacheTier(cache) ?? 'exact' }, toUsd(entry.cost));
    if (isServedByCache(call)) return;
    const { usage, cost, unpriced, upstreamMs } = context.account;
    if (cost !== undefined) metrics.cost.inc(labels, toUsd(cost));
    if (usage !== undefined && (cost === undefined || unpriced.length > 0)) metrics.unpriced.inc(labels);
    if (upstreamMs > 0) metrics.upstreamDuration.observe({ provider }, upstreamMs / 1_000);
    if (usage === undefined) return;
    for (const { field, metric } of EXPORTED) {
      const count = usage[field];
      if (count !== undefined) metrics.tokens.inc({ ...labels, type: metric }, count);
    }
  };

  return (next) => ({
    async complete(call) {
      metrics.inFlight.inc();
      const reply = await withEnd(
        () => next.complete(call),
        (end) => finish(call, statusOf(end)),
      );
      if (!isStreamed(reply)) return reply;
      let first = true;
      reply.stream.tap(() => {
        if (!first) return;
        first = false;
        const provider = servedBy.get(call)?.provider ?? '';
        if (!isServedByCache(call))
          metrics.timeToFirstToken.observe({ provider }, (clock.monotonic() - call.startedAtMs) / 1_000);
      });
      return reply;
    },
  });
}

/** Returns the status of a call for metrics: 499 if the client disconnected. */
function statusOf({ reply, outcome, error }: CallEnd): number {
  if (error !== undefined) return error.status;
  return outcome?.end === 'cancelled' ? 499 : (outcome?.error?.status ?? reply.status);
}

/**
 * Returns the label of the model, or an empty string without one. Empty before authentication: parsing an unauthenticated body
 * would make floods of bad keys expensive.
 */
function modelLabel(call: LlmCall, known: ObservabilityOptions['known']): string {
  if (call.context.caller === undefined) return '';
  try {
    const { model } = call.message.view();
    return model === '' || known.model(model) ? model : OTHER;
  } catch {
    return '';
  }
}
