import { type LlmError, type LlmReply, type LlmService, type Strategy, seededRandom } from '@sluice/core';
import { ManualClock } from '@sluice/core/testing';
import { openAiCall } from '@sluice/dialects';
import {
  CircuitBreakers,
  type Model,
  type RetrySettings,
  Router,
  SharedLoads,
  SharedUsage,
  servedBy,
  type Target,
} from '@sluice/proxies';
import { MemoryCircuits, MemoryProviderStats, MemoryTargetLoads } from '@sluice/store/memory';
import type { TargetLoads } from '@sluice/store/ports';
import { createMetrics } from '@sluice/telemetry';

export const BREAKER = { consecutive: 5, share: 0.5, minimum: 10, windowMs: 30_000, openMs: 5_000 };
const RETRIES = { max: 2, budget: { share: 0.1, floorPerS: 1 }, initialMs: 1, maxMs: 2, maxWaitMs: 50 };

export const answer = (): LlmReply => ({
  status: 200,
  contentType: 'application/json',
  headers: {},
  body: Buffer.from('{}'),
  usage: { inputTokens: 10, outputTokens: 5 },
});

export const target = (name: string, more: Partial<Target> = {}): Target => ({
  name: `${name}/m`,
  provider: name,
  model: 'm',
  weight: 1,
  service: { complete: async () => answer() },
  ...more,
});

/** Returns the given outcomes in order, then repeats the last outcome. */
export function scripted(...outcomes: readonly (LlmReply | LlmError)[]): LlmService & { calls: number } {
  const service = {
    calls: 0,
    async complete(): Promise<LlmReply> {
      const outcome = outcomes[Math.min(service.calls++, outcomes.length - 1)];
      if (outcome instanceof Error) throw outcome;
      return outcome as LlmReply;
    },
  };
  return service;
}

/** Returns one model, `ours`, with these targets and everything that load balancing needs. */
export function balancedTargets(
  targets: readonly Target[],
  strategy: Strategy,
  more: Partial<Model> & {
    retries?: Partial<RetrySettings>;
    clock?: ManualClock;
    circuits?: MemoryCircuits;
    loadStore?: TargetLoads;
  } = {},
) {
  const {
    retries = {},
    clock = new ManualClock(),
    circuits = new MemoryCircuits(clock),
    loadStore = new MemoryTargetLoads(clock),
    ...ofModel
  } = more;
  const usage = new SharedUsage(new MemoryProviderStats(clock));
  const loads = new SharedLoads({ store: loadStore, replica: 'one', clock });
  const breakers = new CircuitBreakers({ store: circuits, settings: () => BREAKER, clock });
  const metrics = createMetrics({ version: '0', node: '0' });
  const models = { get: (name: string) => (name === 'ours' ? { name, strategy, targets, ...ofModel } : undefined) };
  const service = new Router({
    models,
    usage,
    loads,
    breakers,
    retries: () => ({ ...RETRIES, ...retries }),
    clock,
    random: seededRandom(7),
    metrics,
  });
  const callOf = (options: Parameters<typeof openAiCall>[1] = {}, body: object = {}) =>
    openAiCall({ model: 'ours', messages: [{ role: 'user', content: 'x' }], ...body }, options);
  const ask = async (optimizeFor?: Strategy, options: Parameters<typeof openAiCall>[1] = {}, body: object = {}) => {
    const call = callOf({ ...options, preferences: optimizeFor === undefined ? {} : { optimizeFor } }, body);
    const reply = await service.complete(call);
    const served = servedBy.get(call);
    return { provider: served?.provider, served, account: call.context.account, reply };
  };
  const spread = async (calls: number, optimizeFor?: Strategy) => {
    const counts: Record<string, number> = {};
    for (let n = 0; n < calls; n++) {
      const { provider = '' } = await ask(optimizeFor);
      counts[provider] = (counts[provider] ?? 0) + 1;
    }
    return counts;
  };
  return { clock, usage, loads, breakers, circuits, metrics, service, callOf, ask, spread };
}
