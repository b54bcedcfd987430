import { type CircuitBreakers, circuitKey, type SharedLoads, type SharedUsage } from '@sluice/proxies';
import express, { type Router } from 'express';
import type { Models } from '../models/models.ts';
import { permitForAll } from './permissions.ts';
import { statsOf } from './stats.ts';

export interface ProviderRoutesOptions {
  readonly models: () => Pick<Models, 'describe'>;
  readonly usage: Pick<SharedUsage, 'current'>;
  readonly loads: Pick<SharedLoads, 'latencyMs' | 'outstanding'>;
  readonly breakers: Pick<CircuitBreakers, 'availability'>;
}

/** Route for the providers: their targets, model names and recent statistics, over all replicas. */
export function providerRoutes({ models, usage, loads, breakers }: ProviderRoutesOptions): Router {
  const router = express.Router();
  router.get('/', async (request, response) => {
    permitForAll(request, 'read');
    const { providers: figures } = statsOf(await usage.current());
    const none = { calls: 0, share: 0, errors: 0, inputTokens: 0, outputTokens: 0, costUsd: 0 };
    const providers = models()
      .describe()
      .map(({ targets, ...provider }) => ({
        ...provider,
        targets: targets.map((target) => ({
          ...target,
          latencyMs: loads.latencyMs(target.target) ?? null,
          inFlight: loads.outstanding(target.target),
          state: breakers.availability(circuitKey({ provider: provider.name, model: target.model })).kind,
        })),
        ...(figures[provider.name] ?? none),
      }));
    response.json({ providers });
  });
  return router;
}
