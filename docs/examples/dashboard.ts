// The complete gateway over HTTP, as `npm start` runs it, and the figures of its dashboard after some calls.
import { readSettings, startGateway } from '@sluice/gateway';

const gateway = await startGateway(readSettings({ PORT: '0', ADMIN_PORT: '0', LOG_LEVEL: 'error' }));

const ask = (content: string, key = 'sk-sluice-demo') =>
  fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, 'x-sluice-optimize-for': 'cost' },
    body: JSON.stringify({ model: 'demo', messages: [{ role: 'user', content }] }),
  });
const prompts = ['Alpha?', 'Bravo?', 'Gamma?'];
for (const content of [...prompts, ...prompts]) await ask(content);
await ask('Let me in.', 'intruder');

const stats = await fetch(`${gateway.adminUrl}/admin/v1/stats`, { headers: { authorization: 'Bearer sk-sluice-admin-demo' } });
console.log(JSON.stringify(await stats.json(), null, 2));
await gateway.close(0);
