import type { Model } from '@sluice/proxies';
import type { Providers } from './providers.ts';

/** A provider's model, and the names under which clients can request it. */
export interface TargetDescription {
  readonly target: string;
  readonly model: string;
  readonly models: readonly string[];
  /** Whether its price is known. */
  readonly priced: boolean;
}

export interface ProviderDescription {
  readonly name: string;
  /** Its pass-through routes. */
  readonly routes: readonly string[];
  readonly targets: readonly TargetDescription[];
}

/** A provider with an active health check. */
export interface CheckedProvider {
  readonly name: string;
  readonly settings: { readonly every: number; readonly timeout: number; readonly failures: number };
  readonly circuits: readonly string[];
  readonly check: () => Promise<void>;
}

/** Describes the configured targets by provider, for an administrator. */
export function describeProviders(providers: Providers, models: Iterable<Model>): ProviderDescription[] {
  const all = [...models];
  return [...providers.all].map(([name, { routes }]) => {
    const targets = new Map<string, TargetDescription>();
    for (const model of all) {
      for (const { name: target, provider, model: providerModel, price } of model.targets) {
        if (provider !== name) continue;
        const known = targets.get(`${target} ${providerModel}`);
        const names = [...(known?.models ?? []), model.name];
        targets.set(`${target} ${providerModel}`, { target, model: providerModel, models: names, priced: price !== undefined });
      }
    }
    return { name, routes, targets: [...targets.values()] };
  });
}

/** Returns the providers with an active health check, each with the circuits of its configured targets. */
export function checkedProviders(providers: Providers, targetNames: Iterable<string>): CheckedProvider[] {
  const targets = [...targetNames];
  return [...providers.all].flatMap(([name, provider]) => {
    const config = providers.config(name);
    const settings = config !== undefined && 'healthCheck' in config ? config.healthCheck : undefined;
    if (settings === undefined) return [];
    const circuits = targets.filter((target) => target.startsWith(`${name}/`));
    return [{ name, settings, circuits, check: () => provider.check(settings.path, settings.timeout) }];
  });
}
