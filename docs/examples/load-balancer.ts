// Three providers behind one model: the cheapest, the fastest, or the least used, by the preference of each call.
import type { Strategy } from '@sluice/core';
import { openAiCall } from '@sluice/dialects';
import { Router, SharedUsage, servedBy } from '@sluice/proxies';
import { memoryStores } from '@sluice/store/memory';
import { anthropic, google, openai } from './simulated-providers.ts';

const targets = [openai, anthropic, google];
const usage = new SharedUsage(memoryStores().stats);
const models = { get: (name: string) => ({ name, strategy: 'balanced' as const, targets }) };
const service = new Router({ models, usage });

async function ask(optimizeFor: Strategy): Promise<string | undefined> {
  const call = openAiCall(
    { model: 'any', messages: [{ role: 'user', content: 'Which way?' }] },
    { preferences: { optimizeFor } },
  );
  await service.complete(call);
  return servedBy.get(call)?.provider;
}
for (const preference of ['cost', 'speed', 'balanced', 'balanced', 'balanced', 'balanced'] as const) {
  console.log(`${preference}: ${await ask(preference)}`);
}
for (const { name, provider } of targets) console.log(`${provider}: ${Math.round((usage.calls(name) / 6) * 100)} % of calls`);
