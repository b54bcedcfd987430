// The innermost service: one provider. The caller counts its calls and sums up its cost.
import { isStreamed, type LlmService, toUsd } from '@sluice/core';
import { openAiCall } from '@sluice/dialects';
import { costOf } from '@sluice/pricing';
import { openai } from './simulated-providers.ts';

const service: LlmService = openai.service;
let calls = 0;
let cost = 0;

for (const content of ['What is a proxy?', 'What is a sluice?', 'What is a proxy?']) {
  const reply = await service.complete(openAiCall({ model: 'gpt-4o-mini', messages: [{ role: 'user', content }] }));
  if (isStreamed(reply)) continue;
  calls++;
  cost += costOf(openai.price, reply.usage) ?? 0;
  console.log(JSON.parse(Buffer.from(reply.body).toString()).choices[0].message.content);
}
console.log(`${calls} calls, ${toUsd(cost)} USD`);
