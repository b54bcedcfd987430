import { describe, expect, it } from '@jest/globals';
import { LlmError } from '@sluice/core';
import { ManualClock } from '@sluice/core/testing';
import { openAiCall } from '@sluice/dialects';
import { MemoryProviderStats } from '@sluice/store/memory';
import { scripted, target } from '../../../../test/support/balanced-targets.ts';
import { SharedUsage } from '../shared-usage.ts';
import { Router } from './router.ts';
import { RoutingMemory } from './routing-memory.ts';

const BROKEN = new LlmError('upstream_error', 'x', { failure: { kind: 'server_error' } });

describe('RoutingMemory', () => {
  it('keeps the retry budget when a changed configuration replaces the router', async () => {
    const clock = new ManualClock();
    const memory = new RoutingMemory(clock);
    const budget = { share: 0, floorPerS: 0.1 };
    const retries = () => ({ max: 1, budget, initialMs: 0, maxMs: 0, maxWaitMs: 0 });
    const usage = new SharedUsage(new MemoryProviderStats(clock));
    const attemptsOfOneCall = async () => {
      const models = {
        get: (name: string) => ({ name, strategy: 'priority', targets: [target('one', { service: scripted(BROKEN) })] }) as const,
      };
      const router = new Router({ models, usage, memory, retries, clock });
      const call = openAiCall({ model: 'm', messages: [{ role: 'user', content: 'x' }] });
      await router.complete(call).catch(() => {});
      return call.context.account.attempts;
    };
    // one retry in ten seconds: the second router must not have another one
    expect([await attemptsOfOneCall(), await attemptsOfOneCall()]).toEqual([2, 1]);
  });
});
