// Authentication, limits and an audit trail around a service: a bad key is refused, user123 gets five of six requests in a minute, and
// there is a record of each call.
import { asLlmError, compose } from '@sluice/core';
import { openAiCall } from '@sluice/dialects';
import { type AuditRecord, audit, authentication, metering, staticKeys } from '@sluice/proxies';
import { memoryStores } from '@sluice/store/memory';
import { openai } from './simulated-providers.ts';

const records: AuditRecord[] = [];
const keys = staticKeys({
  user123: { tenant: 'user123', keyName: 'user123', limits: { requests: [{ limit: 5, windowMs: 60_000 }] } },
});
const service = compose(
  [
    audit({ sink: { write: (record) => records.push(record) } }),
    authentication(keys),
    metering({ meters: memoryStores().meters }),
  ],
  openai.service,
);

async function ask(key: string, content: string): Promise<void> {
  const call = openAiCall({ model: 'gpt-4o-mini', messages: [{ role: 'user', content }] }, { credential: key });
  await service.complete(call).then(
    () => console.log(`${key}: answered`),
    (error) => console.log(`${key}: ${asLlmError(error).status} ${asLlmError(error).code}`),
  );
}
await ask('intruder', 'Let me in.');
for (let n = 1; n <= 6; n++) await ask('user123', `Question ${n}`);

console.log(`${records.length} audit records:`);
for (const { key, outcome, status } of records) console.log(`  ${key ?? 'unknown'} ${outcome} ${status}`);
