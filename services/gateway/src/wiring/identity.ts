import { Callers } from '../identity/callers.ts';
import { ConfiguredKeys, keyRecordsOf } from '../identity/configured-keys.ts';
import { Groups } from '../identity/groups.ts';
import { KeyCache } from '../identity/key-cache.ts';
import { RegistryView } from '../identity/registry-view.ts';
import { TokenCallers } from '../identity/token-callers.ts';
import type { Component } from '../lifecycle/component.ts';
import type { Foundation } from './foundation.ts';

/** Keys, tokens, teams and tenants. */
export interface Identity {
  readonly callers: Callers;
  readonly groups: Groups;
  /** The stored keys and the configured ones. */
  readonly keys: ConfiguredKeys;
  readonly view: RegistryView;
  readonly component: Component;
}

export function openIdentity({ settings, stores, clock, health }: Foundation): Identity {
  const authentication = health.concern('authentication');
  const keys = new ConfiguredKeys(stores.keys, keyRecordsOf(settings.config));
  const view = new RegistryView(stores.registry, authentication);
  const groups = new Groups(view, settings.config);
  const tokens = new TokenCallers(settings.config.jwt, groups, clock, health.concern('tokens'));
  const callers = new Callers({ keys: new KeyCache(keys, clock, authentication), tokens, groups, view });
  const component: Component = {
    name: 'identity',
    reload(config) {
      groups.configure(config);
      tokens.configure(config.jwt);
      keys.configure(keyRecordsOf(config));
    },
    stop: () => view.close(),
  };
  return { callers, groups, keys, view, component };
}
