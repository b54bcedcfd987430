import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, readSettings, startGateway } from '@sluice/gateway';
import OpenAI from 'openai';

/** The gateway as it starts with no configuration at all. */
describe('the demonstration', () => {
  let gateway: Gateway;
  let client: OpenAI;

  beforeAll(async () => {
    gateway = await startGateway(readSettings({ PORT: '0', ADMIN_PORT: '0', LOG_LEVEL: 'error' }));
    client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'sk-sluice-demo', maxRetries: 0 });
  });
  afterAll(() => gateway.close(0));

  it('answers the official SDK, and the second time from the cache', async () => {
    const ask = () =>
      client.chat.completions
        .create({ model: 'demo', messages: [{ role: 'user', content: 'What is a sluice?' }] })
        .withResponse();
    const first = await ask();
    expect(first.data.choices[0]?.message.content).toBe('Simulated answer to: What is a sluice?');
    expect(first.response.headers.get('x-sluice-cache')).toBe('miss');
    const second = await ask();
    expect(second.data).toEqual(first.data);
    expect(second.response.headers.get('x-sluice-cache')).toBe('hit');
  });

  it('refuses a bad key', async () => {
    const stranger = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'wrong', maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' });
  });

  it('lets user123 make five of six requests in a minute', async () => {
    const user = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'user123', maxRetries: 0 });
    const ask = (n: number) =>
      user.chat.completions.create({ model: 'demo', messages: [{ role: 'user', content: `question ${n}` }] });
    const results = await Promise.allSettled([1, 2, 3, 4, 5, 6].map(ask));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(5);
    const refused = results.find((result) => result.status === 'rejected');
    expect(refused).toMatchObject({ reason: { status: 429, code: 'rate_limit_exceeded' } });
  });
});
