// The service that everything else is put around: one provider, its calls counted and its cost added up by whoever calls it.
import { isStreamed, type LlmService, toUsd } from '@sluice/core';
import { openAiCall } from '@sluice/dialects';
import { costOf } from '@sluice/pricing';
import { openai } from './notebook-providers.ts';

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
