import { describe, expect, it } from '@jest/globals';
import { LlmError } from '@sluice/core';
import { openAiCall } from '@sluice/dialects';
import { createMetrics } from '@sluice/telemetry';
import { authentication, staticKeys } from './authentication.ts';

const caller = { tenant: 't', keyName: 'k', limits: {} };
const answer = { status: 200, contentType: 'application/json', headers: {}, body: Buffer.from('{}') };

function setUp() {
  let passed = 0;
  const metrics = createMetrics({ version: '0', node: '0' });
  const next = {
    async complete() {
      passed++;
      return answer;
    },
  };
  const service = authentication(staticKeys({ 'the-key': caller }), metrics)(next);
  const ask = (credential?: string) => {
    const call = openAiCall(
      { model: 'm', messages: [{ role: 'user', content: 'x' }] },
      credential === undefined ? {} : { credential },
    );
    return service.complete(call).then(() => call.context.caller);
  };
  return { ask, passed: () => passed, metrics };
}

describe('authentication', () => {
  it('accepts a valid key and sets its principal', async () => {
    expect(await setUp().ask('the-key')).toBe(caller);
  });

  it.each([
    [undefined, 'missing'],
    ['', 'missing'],
    ['another', 'unknown'],
    ['the-key ', 'malformed'],
    ['the-ke', 'unknown'],
    ['the\u0000key', 'malformed'],
    ['thé-key', 'malformed'],
    ['k'.repeat(8_193), 'malformed'],
    ['__proto__', 'unknown'],
  ])('refuses the key %j as %s without calling the next layer', async (credential, reason) => {
    const { ask, passed, metrics } = setUp();
    await expect(ask(credential)).rejects.toMatchObject({ code: 'invalid_api_key', status: 401 });
    expect(passed()).toBe(0);
    const { values } = await metrics.authFailures.get();
    expect(values).toEqual([expect.objectContaining({ labels: { reason }, value: 1 })]);
  });

  it('refuses a key from an address that it does not allow', async () => {
    const homely = { ...caller, mayComeFrom: (address: string) => address === '10.0.0.1' };
    const service = authentication(staticKeys({ 'the-key': caller, homely }))({ complete: async () => answer });
    const from = (credential: string, clientAddress?: string) => {
      const call = openAiCall({ model: 'm', messages: [{ role: 'user', content: 'x' }] }, { credential });
      return service.complete(clientAddress === undefined ? call : { ...call, clientAddress: () => clientAddress });
    };
    expect(await from('homely', '10.0.0.1')).toBe(answer);
    expect(await from('the-key', '10.0.0.2')).toBe(answer);
    for (const address of ['10.0.0.2', undefined]) {
      await expect(from('homely', address)).rejects.toMatchObject({ code: 'address_not_allowed', status: 403 });
    }
  });

  it('does not report a key as invalid when it cannot be checked', async () => {
    const lookup = { find: () => Promise.reject(new LlmError('auth_unavailable', 'not now')) };
    const service = authentication(lookup)({ complete: async () => answer });
    const call = openAiCall({ model: 'm', messages: [{ role: 'user', content: 'x' }] }, { credential: 'any-key' });
    await expect(service.complete(call)).rejects.toMatchObject({ code: 'auth_unavailable', status: 503 });
  });
});
