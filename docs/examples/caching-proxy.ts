// A cache around a service: of six prompts three repeat, so three calls reach the provider, and half the cost is saved.
import { compose, toUsd } from '@sluice/core';
import { openAiCall } from '@sluice/dialects';
import { cacheResult, caching, Router, SharedUsage } from '@sluice/proxies';
import { memoryStores } from '@sluice/store/memory';
import { openai } from './simulated-providers.ts';

const stores = memoryStores();
const usage = new SharedUsage(stores.stats);
const models = { get: (name: string) => ({ name, strategy: 'priority' as const, targets: [openai] }) };
const service = compose([caching({ cache: stores.cache, ttlS: 3600 })], new Router({ models, usage }));

let [hits, cost, saved] = [0, 0, 0];
const prompts = ['Alpha?', 'Bravo?', 'Gamma?'];
for (const content of [...prompts, ...prompts]) {
  const call = openAiCall({ model: 'gpt-4o-mini', messages: [{ role: 'user', content }] });
  await service.complete(call);
  const { state, entry } = cacheResult.get(call);
  if (state === 'hit') hits++;
  cost += call.context.account.cost ?? 0;
  saved += entry?.cost ?? 0;
}
console.log(`${usage.calls(openai.name)} upstream calls, hit rate ${(hits / 6) * 100} %`);
console.log(`${toUsd(cost)} USD spent, ${toUsd(saved)} USD saved`);
