import { describe, expect, it, jest } from '@jest/globals';
import { waitFor } from '@sluice/core/testing';
import { MemoryRegistry } from '@sluice/store/memory';
import { KeyAndTokenAuthenticator } from './authenticator.ts';
import { QuotaScopes } from './quota-scopes.ts';
import { RegistryView } from './registry-view.ts';

const team = (name: string) => ({ name, tenant: 'acme', limits: {} });
const put = (registry: MemoryRegistry, name: string) =>
  registry.replace({ kind: 'team', name, before: undefined, after: team(name), change: '{}' });

function setUp() {
  const registry = new MemoryRegistry();
  const list = jest.spyOn(registry, 'list');
  const health = { success: jest.fn(), failure: jest.fn() };
  return { registry, list, health, open: () => new RegistryView(registry, health) };
}

describe('RegistryView', () => {
  it('returns what the registry contains, and follows changes', async () => {
    const { registry, open } = setUp();
    await put(registry, 'a');
    const view = open();
    expect(view.loaded).toBe(false);
    await view.refresh();
    expect([view.loaded, [...view.teams.keys()]]).toEqual([true, ['a']]);
    await put(registry, 'b');
    await waitFor(() => view.teams.has('b'), 'the change of the team');
    view.close();
    await put(registry, 'c');
    expect(view.teams.has('c')).toBe(false);
  });

  it('keeps its state when the registry fails, reports the failure, and retries', async () => {
    const { registry, list, health, open } = setUp();
    await put(registry, 'a');
    const view = open();
    await view.refresh();
    list.mockRejectedValue(new Error('away'));
    await put(registry, 'b');
    await waitFor(() => health.failure.mock.calls.length > 0, 'the reported failure');
    expect([...view.teams.keys()]).toEqual(['a']);
    await expect(view.refresh()).rejects.toThrow('away');
    const worked = health.success.mock.calls.length;
    list.mockRestore();
    await waitFor(() => view.teams.has('b'), 'the retry');
    await waitFor(() => health.success.mock.calls.length > worked, 'the reported recovery');
    view.close();
  });

  it('admits no principal before the first read, because its limits are unknown', async () => {
    const { registry, list, open } = setUp();
    await put(registry, 'a');
    list.mockRejectedValue(new Error('away'));
    const view = open();
    const caller = { tenant: 'acme', team: 'a', keyName: 'k', limits: {} };
    const groups = new QuotaScopes(view, { teams: {}, tenants: {}, models: {} });
    const callers = new KeyAndTokenAuthenticator({
      keys: { find: () => caller },
      tokens: { find: () => undefined },
      groups,
      view,
    });
    await expect(callers.find('secret')).rejects.toMatchObject({ code: 'auth_unavailable' });
    list.mockRestore();
    expect(await callers.find('secret')).toBe(caller);
    // from then on synchronously
    expect(callers.find('secret')).toBe(caller);
    view.close();
  });
});
