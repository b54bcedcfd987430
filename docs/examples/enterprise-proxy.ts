// All proxies in one list, outermost first: audit, keys, limits, cache, and a choice of three providers.
import { asLlmError, compose, type LlmCall, toUsd } from '@sluice/core';
import { openAiCall } from '@sluice/dialects';
import {
  type AuditRecord,
  audit,
  authentication,
  cacheResult,
  caching,
  metering,
  meterStates,
  Router,
  SharedUsage,
  servedBy,
  staticKeys,
} from '@sluice/proxies';
import { memoryStores } from '@sluice/store/memory';
import { anthropic, google, openai } from './simulated-providers.ts';

const stores = memoryStores();
const records: AuditRecord[] = [];
const limits = { requests: [{ limit: 5, windowMs: 60_000 }] };
const keys = staticKeys({
  user123: { tenant: 'user123', keyName: 'user123', limits },
  team456: { tenant: 'team456', keyName: 'team456', limits },
});
const models = { get: (name: string) => ({ name, strategy: 'cost' as const, targets: [openai, anthropic, google] }) };
const service = compose(
  [
    audit({ sink: { write: (record) => records.push(record) } }),
    authentication(keys),
    metering({ meters: stores.meters }),
    caching({ cache: stores.cache, ttlS: 3600 }),
  ],
  new Router({ models, usage: new SharedUsage(stores.stats) }),
);

function summaryOf(call: LlmCall): string {
  const [requests] = meterStates.get(call);
  const { cost = 0 } = call.context.account;
  return `${servedBy.get(call)?.provider}, ${cacheResult.get(call).state}, ${requests?.remaining} left, ${toUsd(cost)} USD`;
}

for (const [key, content] of [
  ['user123', 'What is a proxy?'],
  ['user123', 'What is a proxy?'],
  // another tenant is never answered with what the first one bought
  ['team456', 'What is a proxy?'],
  ['intruder', 'What is a proxy?'],
  ['user123', 'One'],
  ['user123', 'Two'],
  ['user123', 'Three'],
  ['user123', 'Four'],
] as const) {
  const call = openAiCall({ model: 'any', messages: [{ role: 'user', content }] }, { credential: key });
  await service.complete(call).then(
    () => console.log(`${key}: ${summaryOf(call)}`),
    (error) => console.log(`${key}: ${asLlmError(error).status} ${asLlmError(error).code}`),
  );
}
console.log(`${records.length} audit records`);
