import { KeyAndTokenAuthenticator } from '../identity/authenticator.ts';
import { ConfiguredKeys, configuredKeyRecords } from '../identity/configured-keys.ts';
import { JwtAuthenticator } from '../identity/jwt-authenticator.ts';
import { KeyCache } from '../identity/key-cache.ts';
import { QuotaScopes } from '../identity/quota-scopes.ts';
import { RegistryView } from '../identity/registry-view.ts';
import type { Component } from '../lifecycle/component.ts';
import type { Foundation } from './foundation.ts';

/** Keys, tokens, teams and tenants. */
export interface Identity {
  readonly callers: KeyAndTokenAuthenticator;
  readonly groups: QuotaScopes;
  /** The stored keys and the configured ones. */
  readonly keys: ConfiguredKeys;
  readonly view: RegistryView;
  readonly component: Component;
}

export function openIdentity({ settings, stores, clock, health }: Foundation): Identity {
  const authentication = health.dependency('authentication');
  const keys = new ConfiguredKeys(stores.keys, configuredKeyRecords(settings.config));
  const view = new RegistryView(stores.registry, authentication);
  const groups = new QuotaScopes(view, settings.config);
  const tokens = new JwtAuthenticator(settings.config.jwt, groups, clock, health.dependency('tokens'));
  const callers = new KeyAndTokenAuthenticator({ keys: new KeyCache(keys, clock, authentication), tokens, groups, view });
  const component: Component = {
    name: 'identity',
    reload(config) {
      groups.configure(config);
      tokens.configure(config.jwt);
      keys.configure(configuredKeyRecords(config));
    },
    stop: () => view.close(),
  };
  return { callers, groups, keys, view, component };
}
